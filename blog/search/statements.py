"""The statements that find posts and comments.

Of what matches, the newest `MOST_FOUND` are counted and put in order, so that no search has to look
at a million of them. What is frequent among the newest posts is found by going through them, in the
order of an index; everything else by the inverted index of words.

That doesn't know where in a text a word is: so a phrase of frequent words is looked for by going
through the newest posts only, because all that have both words would have to be read. It doesn't
know the posts of comments either: so frequent words in comments on posts with a tag are looked for
in the comments on its newest posts.
"""

from enum import StrEnum
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    DateTime,
    Text,
    TextClause,
    bindparam,
    text,
)

from blog.core.auth.viewer import ANONYMOUS
from blog.posts.policies import visible_to

MOST_FOUND = 500
# A word is tried on the newest `TRIED` posts. If one in `COMMON` has it, it's looked for in the
# order of time, in at most `LOOKED_THROUGH` posts. With a million posts, that's when going through
# them and finding all take the same time.
TRIED, COMMON, LOOKED_THROUGH = 2_000, 90, 60_000
# The same for a phrase, which takes longer to compare.
LOOKED_THROUGH_FOR_PHRASE = 30_000
# The same for comments on certain posts, each of which has to be looked up; and in how many
# comments on how many posts with a tag frequent words are looked for.
COMMON_ON_POSTS, FREQUENT_ON_POSTS, LOOKED_UP = 20, 200, 10_000
POSTS_LOOKED_UP = 2_000
# How many of the viewer's own posts that others can't read are looked through, and shown.
OWN_LOOKED_THROUGH, OWN_SHOWN = 500, 20
# Whether a job is still indexing what was written before there was an index (`blog.search.jobs`).
IS_INDEXING = """
    SELECT EXISTS (
        SELECT FROM jobs WHERE kind IN ('index_old_posts', 'index_old_comments')
            AND state IN ('waiting', 'running') AND payload ? 'after'
    )
"""


class Sorting(StrEnum):
    """The order of results."""

    RELEVANCE = "relevance"
    DATE = "date"


class Searched(StrEnum):
    """What is searched."""

    POSTS = "posts"
    COMMENTS = "comments"
    # Comments on posts that have certain keys, or must not have them (`blog.models.search_index`).
    COMMENTS_ON_POSTS = "comments on posts"


class _Index(NamedTuple):
    """An index that is searched.

    Attributes:
        table: its table.
        row_id: the column of what is found.
        is_public: which of its rows everybody may read, beside the authors' accounts.
        common: what one in so many rows has is looked for in the order of time.
        frequent: words that one in so many has are not looked for by the index of words, if more
            rows have them than are meant.
        looked_through: how many rows are looked through in the order of time.
        looked_through_for_phrase: the same, if more rows have the words than are meant.
        is_meant: which of the rows with the words are meant.
        is_loose: whether more rows have the words than are meant.
        is_near: whether frequent words are looked for in the order of time then.
        on_posts: otherwise, the statements that find the rows to look through, and these rows.
        is_cut: whether there are more of those rows.
    """

    table: str
    row_id: str
    is_public: str
    common: int
    frequent: int
    looked_through: int
    looked_through_for_phrase: int
    is_meant: str = "true"
    is_loose: str = ":loose <> ''"
    on_posts: tuple[str, str] = ("", "")
    is_near: str = "true"
    is_cut: str = "false"


_QUERY = "(SELECT query FROM question)"
_IN_TIME = "listed_at >= :after AND listed_at < :before"
# Authors whose accounts are not deleted, and whom no moderator has limited (`blog.models.measure`).
_IN_LISTS = """
    author_id <> ALL (ARRAY(SELECT user_id FROM account_deletions))
    AND author_id NOT IN (SELECT id FROM users WHERE limited_at IS NOT NULL)
"""
_NOT_HIDDEN = f"""
    {_IN_LISTS} AND author_id NOT IN (
        SELECT muted_id FROM mutes WHERE user_id = :viewer
        UNION ALL SELECT blocked_id FROM blocks WHERE user_id = :viewer
        UNION ALL SELECT user_id FROM blocks WHERE blocked_id = :viewer
    )
"""  # noqa: S608
_SCORES = {
    # By the weights of text, summary, tags and title, and less if the text is long.
    Sorting.RELEVANCE: r"""
        (1000000 * ts_rank('{0.1, 0.3, 0.5, 1}', document, (SELECT words FROM question), 1))::bigint
    """,
    Sorting.DATE: "0::bigint",
}
_IS_PUBLIC = str(visible_to(ANONYMOUS))
# The index of posts knows which of them everybody may read, beside the authors' accounts. It's a
# value, because the planner would read all posts with the keys to find out whether one EXISTS.
_HAS_KEYS = """
    (
        SELECT of_post.listed_at IS NOT NULL
            AND of_post.author_id <> ALL (ARRAY(SELECT user_id FROM account_deletions))
            AND of_post.document @@ CAST(:post_keys AS tsquery)
        FROM post_search AS of_post WHERE of_post.post_id = candidate.post_id
    )
"""


def _rows(row_id: str) -> str:
    return f"SELECT {row_id} AS row_id, post_id, author_id, listed_at, document"


def _on_posts() -> tuple[str, str]:
    of_tag = f"""
        , of_tag AS MATERIALIZED (
            SELECT post_id FROM post_tags
            WHERE tag_id = (SELECT id FROM tags WHERE id = ANY (:tags) ORDER BY post_count LIMIT 1)
                AND published_at < :before
                AND (SELECT is_scattered AND NOT are_near FROM tried CROSS JOIN enough)
            ORDER BY published_at DESC, post_id DESC LIMIT {POSTS_LOOKED_UP}
        ), on_posts AS MATERIALIZED (
            SELECT id FROM of_tag CROSS JOIN LATERAL (
                SELECT id FROM comments WHERE comments.post_id = of_tag.post_id OFFSET 0
            ) AS comments LIMIT {LOOKED_UP}
        )
    """  # noqa: S608
    rows = f"""
        AND NOT (SELECT is_scattered FROM tried)
        UNION ALL SELECT of_posts.* FROM on_posts CROSS JOIN LATERAL (
            {_rows("comment_id")} FROM comment_search WHERE comment_id = id OFFSET 0
        ) AS of_posts WHERE document @@ {_QUERY} AND {_IN_TIME}
    """  # noqa: S608
    return of_tag, rows


def _index_of(searched: Searched) -> _Index:
    frequency = COMMON, COMMON, LOOKED_THROUGH, LOOKED_THROUGH_FOR_PHRASE
    if searched is Searched.POSTS:
        return _Index("post_search", "post_id", "true", *frequency)
    if searched is Searched.COMMENTS:
        is_public = f"EXISTS (SELECT FROM posts WHERE id = candidate.post_id AND {_IS_PUBLIC})"
        return _Index("comment_search", "comment_id", is_public, *frequency)
    are_cut = f"SELECT count(*) = {POSTS_LOOKED_UP} FROM of_tag"  # noqa: S608
    return _Index(
        "comment_search", "comment_id", _HAS_KEYS,
        COMMON_ON_POSTS, FREQUENT_ON_POSTS, LOOKED_UP, LOOKED_UP,
        is_meant=_HAS_KEYS, is_loose="true", on_posts=_on_posts(), is_near="cardinality(:tags) = 0",
        is_cut=f"({are_cut}) OR (SELECT count(*) = {LOOKED_UP} FROM on_posts)",  # noqa: S608
    )  # fmt: skip


def _matches(index: _Index, sorting: Sorting, is_shown: str) -> str:
    # "OFFSET 0" keeps the planner from going through the rows by time until it has found enough,
    # which takes minutes if the words are rarely together.
    rows = _rows(index.row_id)
    by_time = f"""
        FROM {index.table} WHERE {_IN_TIME} ORDER BY listed_at DESC, {index.row_id} DESC
    """
    newest = f"{rows} {by_time}"
    looked_through = f"""
        (SELECT CASE WHEN is_scattered THEN {index.looked_through_for_phrase}
            ELSE {index.looked_through} END FROM tried)
    """  # noqa: S608
    is_found = f"({is_shown}) AND {index.is_public}"
    of_tag, on_posts = index.on_posts
    return f"""
    WITH question AS MATERIALIZED (
        SELECT search_query(:words, :without, :keys) AS query,
            search_query(:words, '', '') AS words,
            search_query(coalesce(nullif(:loose, ''), :words), '', :keys) AS loose
    ), tried AS MATERIALIZED (
        SELECT count(*) < {TRIED} AS are_all,
            {index.common} * count(*) FILTER (
                WHERE document @@ {_QUERY} AND {index.is_meant}
            ) >= {TRIED} AS is_common,
            {index.is_loose} AND {index.frequent} * count(*) FILTER (
                WHERE document @@ (SELECT loose FROM question)
            ) >= {TRIED} AS is_scattered
        FROM ({newest} LIMIT {TRIED}) AS candidate
    ), near AS MATERIALIZED (
        SELECT row_id, listed_at FROM ({newest} LIMIT {looked_through}) AS candidate
        WHERE (SELECT are_all OR is_common OR is_scattered AND {index.is_near} FROM tried)
            AND document @@ {_QUERY} AND {is_found}
        LIMIT {MOST_FOUND}
    ), enough AS MATERIALIZED (
        SELECT count(*) = {MOST_FOUND}
                OR (SELECT are_all OR is_scattered AND {index.is_near} FROM tried) AS are_near,
            count(*) < {MOST_FOUND}
                AND (SELECT is_scattered AND NOT are_all AND {index.is_near} FROM tried)
                AND EXISTS (SELECT {by_time} OFFSET {looked_through}) AS is_partial
        FROM near
    ){of_tag}, far AS MATERIALIZED (
        SELECT row_id, listed_at FROM (
            SELECT * FROM (
                {rows} FROM {index.table} WHERE document @@ {_QUERY} AND {_IN_TIME} {on_posts}
            ) AS matching OFFSET 0
        ) AS candidate
        WHERE NOT (SELECT are_near FROM enough) AND {is_found}
        ORDER BY listed_at DESC, row_id DESC LIMIT {MOST_FOUND}
    ), found AS (
        SELECT row_id, listed_at FROM near WHERE (SELECT are_near FROM enough)
        UNION ALL SELECT row_id, listed_at FROM far
    ), scored AS MATERIALIZED (
        SELECT {_SCORES[sorting]} AS score, found.listed_at, row_id
        FROM found JOIN {index.table} ON {index.row_id} = row_id
    )
    SELECT (SELECT count(*) FROM scored) AS total,
        (SELECT is_partial OR {index.is_cut} FROM enough) AS is_partial,
        ({IS_INDEXING}), CAST({_QUERY} AS text) AS query, page.*
    FROM (VALUES (1)) AS always LEFT JOIN (
        SELECT score, listed_at, row_id FROM scored
        WHERE (score, listed_at, row_id) < (:after_0, :after_1, :after_2)
        ORDER BY score DESC, listed_at DESC, row_id DESC LIMIT :limit
    ) AS page ON true
    """  # noqa: S608


_VIEWER = bindparam("viewer", type_=BigInteger)
_TEXTS = [bindparam(name, type_=Text) for name in ("words", "without", "keys")]
_OF_POSTS: list[BindParameter[Any]] = [
    bindparam("post_keys", type_=Text),
    bindparam("tags", type_=ARRAY(BigInteger)),
]


def _statement(searched: Searched, sorting: Sorting, is_filtered: bool) -> TextClause:
    times = [
        bindparam(name, type_=DateTime(timezone=True)) for name in ("after", "before", "after_1")
    ]
    numbers = [bindparam(name, type_=BigInteger) for name in ("after_0", "after_2", "limit")]
    is_shown = _NOT_HIDDEN if is_filtered else _IN_LISTS
    found = text(_matches(_index_of(searched), sorting, is_shown))
    found = found.bindparams(*_TEXTS, bindparam("loose", type_=Text), *times, *numbers)
    if searched is Searched.COMMENTS_ON_POSTS:
        found = found.bindparams(*_OF_POSTS)
    return found.bindparams(_VIEWER) if is_filtered else found


def statements() -> dict[tuple[Searched, Sorting, bool], TextClause]:
    """By what is searched, the order, and whether people are left out."""
    choices = product(Searched, Sorting, (False, True))
    return {choice: _statement(*choice) for choice in choices}


OWN = text(f"""
    WITH unread AS (
        (
            SELECT id FROM posts WHERE author_id = :viewer AND status <> 'published'
            ORDER BY coalesce(edited_at, created_at) DESC, id DESC LIMIT {OWN_LOOKED_THROUGH}
        ) UNION (
            SELECT id FROM posts WHERE author_id = :viewer AND hidden_at IS NOT NULL
            ORDER BY id DESC LIMIT {OWN_LOOKED_THROUGH}
        )
    )
    SELECT id FROM unread JOIN post_search ON post_id = id
    WHERE document @@ (SELECT search_query(:words, :without, :keys))
    ORDER BY id DESC LIMIT {OWN_SHOWN}
""").bindparams(*_TEXTS, _VIEWER)  # noqa: S608
