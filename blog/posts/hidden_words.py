"""Collapse posts that contain a word or tag that the viewer hides.

A post is collapsed rather than left out: the word may have another meaning, so the reader can open
the post, and a page costs one statement for its own posts, wherever the words are. They are looked
up in the search index, so other forms and spellings of a word match too, and a phrase matches only
as a whole. `blog.comments.hidden_words` does the same for comments, and
`blog.notifications.hidden_words` for notifications.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.identity import current_viewer
from blog.core.web.app import read
from blog.posts.listed import PostCard

# The words of a viewer. Their queries are built once rather than for each text.
WORDS_OF_VIEWER = """
    SELECT id, '“' || word || '”' AS shown, search_query(folded, '', '') AS query
    FROM hidden_words WHERE user_id = :viewer AND NOT is_tag
"""
_HIDDEN = text(f"""
    WITH hidden AS MATERIALIZED ({WORDS_OF_VIEWER}), found AS (
        SELECT post_id, hidden.id, shown FROM post_search JOIN hidden ON document @@ query
        WHERE post_id = ANY (:ids) AND author_id <> :viewer
        UNION ALL
        SELECT post_id, hidden_words.id, '#' || word FROM hidden_words
        JOIN tags ON tags.folded = hidden_words.folded
        JOIN post_tags ON tag_id = coalesce(merged_into_id, tags.id)
        JOIN posts ON posts.id = post_id
        WHERE user_id = :viewer AND is_tag AND post_id = ANY (:ids)
            AND posts.author_id <> :viewer
    )
    SELECT DISTINCT ON (post_id) post_id, shown FROM found ORDER BY post_id, id
""").bindparams(  # noqa: S608
    bindparam("viewer", type_=BigInteger), bindparam("ids", type_=ARRAY(BigInteger))
)


async def find_hidden_words(
    session: AsyncSession, viewer_id: int, ids: Sequence[int]
) -> dict[int, str]:
    """Find the posts by other people that contain a word or tag that a viewer hides.

    Returns:
        The first of these words, by the ids of the posts.
    """
    rows = await session.execute(_HIDDEN, {"viewer": viewer_id, "ids": list(ids)})
    return dict(rows.all())


async def hidden_words_of_viewer(
    ids: Iterable[int],
    find: Callable[
        [AsyncSession, int, Sequence[int]], Awaitable[dict[int, str]]
    ] = find_hidden_words,
) -> dict[int, str]:
    """The words in some texts that the current viewer hides. A viewer without hidden words costs no
    statement.

    Args:
        ids: the ids of the texts.
        find: finds the words; in posts by default.
    """
    viewer, ids = current_viewer(), tuple(ids)
    if viewer.account is None or not viewer.account.hides_words or not ids:
        return {}
    return await read(find, viewer.id, ids)


async def collapse_hidden(posts: Sequence[PostCard]) -> tuple[PostCard, ...]:
    """Add to each card the hidden word for which it is collapsed, if there is one."""
    words = await hidden_words_of_viewer(post.id for post in posts)
    if not words:
        return tuple(posts)
    return tuple(post._replace(hidden_word=words.get(post.id, "")) for post in posts)
