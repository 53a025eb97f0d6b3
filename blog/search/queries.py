"""Finding posts and comments.

Of what matches, the newest `MOST_FOUND` are counted and put in order, so that no search has to look
at a million of them. What is frequent among the newest posts is found by going through them, in the
order of an index; everything else by the inverted index of words.

That doesn't know where in a text a word is: so a phrase of frequent words is looked for by going
through the newest posts only, because all that have both words would have to be read.
"""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    DateTime,
    Text,
    TextClause,
    bindparam,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import ANONYMOUS
from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest
from blog.models import Tag, User
from blog.models.account_deletion import not_deleted
from blog.posts.policies import visible_to
from blog.search.question import Question, named, parse

MOST_FOUND = 500
# A word is tried on the newest `TRIED` posts. If one in `COMMON` has it, it's looked for in the
# order of time, in at most `LOOKED_THROUGH` posts. With a million posts, that's when going through
# them and finding all take the same time.
TRIED, COMMON, LOOKED_THROUGH = 2_000, 90, 60_000
# After which the database ends a search, in milliseconds.
TIME_LIMIT = "2000"
# How many of the viewer's own posts that others can't read are looked through, and shown.
OWN_LOOKED_THROUGH, OWN_SHOWN = 500, 20
# Whether a job is still indexing what was written before there was an index (`blog.search.jobs`).
IS_INDEXING = """
    SELECT EXISTS (
        SELECT FROM jobs WHERE kind IN ('index_old_posts', 'index_old_comments')
            AND state IN ('waiting', 'running') AND payload ? 'after'
    )
"""

LONG_AGO, FAR_FUTURE = (datetime(year, 1, 1, tzinfo=UTC) for year in (1, 9999))


class Sorting(StrEnum):
    """The order of results."""

    RELEVANCE = "relevance"
    DATE = "date"


class Matches(NamedTuple):
    """A page of the posts or comments that match.

    Attributes:
        ids: theirs, in their order.
        total: how many match, up to `MOST_FOUND`.
        next_cursor: the cursor of the next page, if there is one.
        lexemes: what the index was asked for: the words in all forms.
        is_partial: whether only the newest `LOOKED_THROUGH` were searched, for a phrase of frequent
            words.
        is_indexing: whether older ones are still being indexed.
    """

    ids: tuple[int, ...] = ()
    total: int = 0
    next_cursor: str | None = None
    lexemes: frozenset[str] = frozenset()
    is_partial: bool = False
    is_indexing: bool = False


class _Index(NamedTuple):
    """An index that is searched.

    Attributes:
        table: its table.
        row_id: the column of what is found.
        is_public: which of its rows everybody may read, beside the authors' accounts.
    """

    table: str
    row_id: str
    is_public: str


_POSTS = _Index("post_search", "post_id", "true")
_COMMENTS = _Index(
    "comment_search",
    "comment_id",
    f"""
    EXISTS (SELECT FROM posts WHERE posts.id = candidate.post_id AND {visible_to(ANONYMOUS)})
    AND (:post_keys = '' OR EXISTS (
        SELECT FROM post_search AS of_post
        WHERE of_post.post_id = candidate.post_id
            AND of_post.document @@ CAST(:post_keys AS tsquery)
    ))
    """,  # noqa: S608
)
_ORDER = Order(
    literal_column("score", BigInteger),
    literal_column("listed_at", DateTime(timezone=True)),
    literal_column("row_id", BigInteger),
)
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


def _matches(index: _Index, sorting: Sorting, is_shown: str) -> str:
    # "OFFSET 0" keeps the planner from going through the rows by time until it has found enough,
    # which takes minutes if the words are rarely together.
    rows = f"SELECT {index.row_id} AS row_id, post_id, author_id, listed_at, document"
    by_time = f"""
        FROM {index.table} WHERE {_IN_TIME} ORDER BY listed_at DESC, {index.row_id} DESC
    """
    newest = f"{rows} {by_time}"
    is_found = f"({is_shown}) AND {index.is_public}"
    return f"""
    WITH question AS MATERIALIZED (
        SELECT search_query(:words, :without, :keys) AS query,
            search_query(:words, '', '') AS words, search_query(:loose, '', :keys) AS loose
    ), tried AS MATERIALIZED (
        SELECT count(*) < {TRIED} AS are_all,
            {COMMON} * count(*) FILTER (WHERE document @@ {_QUERY}) >= {TRIED} AS is_common,
            :loose <> '' AND {COMMON} * count(*) FILTER (
                WHERE document @@ (SELECT loose FROM question)
            ) >= {TRIED} AS is_scattered
        FROM ({newest} LIMIT {TRIED}) AS newest
    ), near AS MATERIALIZED (
        SELECT row_id, listed_at FROM ({newest} LIMIT {LOOKED_THROUGH}) AS candidate
        WHERE (SELECT are_all OR is_common OR is_scattered FROM tried)
            AND document @@ {_QUERY} AND {is_found}
        LIMIT {MOST_FOUND}
    ), enough AS MATERIALIZED (
        SELECT count(*) = {MOST_FOUND} OR (SELECT are_all OR is_scattered FROM tried) AS are_near,
            count(*) < {MOST_FOUND} AND (SELECT is_scattered AND NOT are_all FROM tried)
                AND EXISTS (SELECT {by_time} OFFSET {LOOKED_THROUGH}) AS is_partial
        FROM near
    ), far AS MATERIALIZED (
        SELECT row_id, listed_at FROM (
            {rows} FROM {index.table} WHERE document @@ {_QUERY} AND {_IN_TIME} OFFSET 0
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
    SELECT (SELECT count(*) FROM scored) AS total, (SELECT is_partial FROM enough),
        ({IS_INDEXING}), CAST({_QUERY} AS text) AS query, page.*
    FROM (VALUES (1)) AS always LEFT JOIN (
        SELECT score, listed_at, row_id FROM scored
        WHERE (score, listed_at, row_id) < (:after_0, :after_1, :after_2)
        ORDER BY score DESC, listed_at DESC, row_id DESC LIMIT :limit
    ) AS page ON true
    """  # noqa: S608


_VIEWER = bindparam("viewer", type_=BigInteger)
_TEXTS = [bindparam(name, type_=Text) for name in ("words", "without", "keys")]


def _statement(in_comments: bool, sorting: Sorting, is_filtered: bool) -> TextClause:
    index = _COMMENTS if in_comments else _POSTS
    texts = [bindparam(name, type_=Text) for name in ("loose", *["post_keys"] * in_comments)]
    times = [
        bindparam(name, type_=DateTime(timezone=True)) for name in ("after", "before", "after_1")
    ]
    numbers = [bindparam(name, type_=BigInteger) for name in ("after_0", "after_2", "limit")]
    found = text(_matches(index, sorting, _NOT_HIDDEN if is_filtered else _IN_LISTS))
    found = found.bindparams(*_TEXTS, *texts, *times, *numbers)
    return found.bindparams(_VIEWER) if is_filtered else found


def _statements() -> dict[tuple[bool, Sorting, bool], TextClause]:
    """By whether comments are searched, the order, and whether people are left out."""
    choices = product((False, True), Sorting, (False, True))
    return {choice: _statement(*choice) for choice in choices}


_STATEMENTS = _statements()
_OWN = text(f"""
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
_LIMITS = select(
    func.set_config("statement_timeout", TIME_LIMIT, True),
    # There are statistics of an empty table until the first posts are analysed.
    func.set_config("enable_seqscan", "off", True),
    # Plans for any dates go through all posts, in the order of time.
    func.set_config("plan_cache_mode", "force_custom_plan", True),
)
_LEXEME = re.compile("'((?:[^']|'')+)'")


async def limit_time(session: AsyncSession) -> None:
    """Let the database cancel the statements of a search after `TIME_LIMIT`, in a new session."""
    # A session that reads has no transaction, and so no settings of its own.
    await session.connection(execution_options={"isolation_level": "READ COMMITTED"})
    await session.execute(_LIMITS)


async def understand(session: AsyncSession, given: str) -> Question:
    """Parse what somebody searches for, with the ids of those whom it names."""
    usernames, tags = named(given)
    authors = await _ids(session, User, func.lower(User.username), usernames)
    return parse(given, authors, await _ids(session, Tag, Tag.folded, tags))


async def _ids(
    session: AsyncSession,
    table: type[User | Tag],
    column: Any,
    names: Collection[str],
) -> dict[str, int]:
    if not names:
        return {}
    if table is Tag:
        # Of one that was merged into another, the id of that one.
        meant = func.coalesce(Tag.merged_into_id, Tag.id)
        found = select(column, meant).where(column.in_(names), Tag.blocked_at.is_(None))
    else:
        found = select(column, User.id).where(column.in_(names), not_deleted(User.id))
    return {row[0]: row[1] for row in await session.execute(found)}


async def matches(
    session: AsyncSession, question: Question, sorting: Sorting, wanted: CursorRequest,
    filtered_for: int = 0,
) -> Matches:  # fmt: skip
    """Find posts, or comments if the question is for those, that everybody may read.

    Args:
        filtered_for: the viewer whose hidden people are left out (`Viewer.filtered_for`).

    Raises:
        InvalidCursorError: the cursor is not of such a list.
        DBAPIError: it took too long.
    """
    after = _ORDER.parameters(wanted.cursor)
    if question.is_empty:
        return Matches()
    parameters = _parameters(question) | after | {"limit": wanted.limit}
    parameters |= {"after": question.after or LONG_AGO, "before": question.before or FAR_FUTURE}
    parameters |= {"loose": question.loose, "post_keys": question.post_keys, "viewer": filtered_for}
    statement = _STATEMENTS[question.in_comments, sorting, bool(filtered_for)]
    rows = (await session.execute(statement, parameters)).all()
    total, is_partial, is_indexing, query = rows[0][:4]
    found = [row[4:] for row in rows if row[-1] is not None]
    has_next, found = len(found) > wanted.size, found[: wanted.size]
    return Matches(
        ids=tuple(place[-1] for place in found),
        total=total,
        next_cursor=_ORDER.cursor(*found[-1]) if has_next else None,
        lexemes=frozenset(_LEXEME.findall(query)),
        is_partial=is_partial,
        is_indexing=is_indexing,
    )


async def own_matches(session: AsyncSession, question: Question, viewer_id: int) -> Sequence[int]:
    """The ids of the viewer's own posts that match and that others can't read: drafts, scheduled
    posts, and those that a moderator has hidden."""
    if question.is_empty or question.in_comments or question.before or question.after:
        return ()
    found = await session.scalars(_OWN, _parameters(question) | {"viewer": viewer_id})
    return found.all()


def _parameters(question: Question) -> dict[str, object]:
    return {"words": question.words, "without": question.without, "keys": question.keys}
