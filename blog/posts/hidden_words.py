"""Collapsing the posts that have a word or tag that the viewer hides.

A post is collapsed rather than left out: a word may be meant otherwise, so the reader can open it,
and a page costs one statement for its own posts, wherever the words are. They are looked for in the
index of the search, so other forms of a word and other spellings count too, and a phrase only as a
whole. Comments are in `blog.comments.hidden_words`, and what people are not notified of in
`blog.notifications.hidden_words`.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.identity import current_viewer
from blog.core.web.app import read
from blog.posts.listed import PostCard

# The words of a viewer. Their queries are made once, and not for each text.
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


async def hidden_words_in(
    session: AsyncSession, viewer_id: int, ids: Sequence[int]
) -> dict[int, str]:
    """Of these posts, those by others that have a word or tag that a viewer hides, and the first
    of these words."""
    rows = await session.execute(_HIDDEN, {"viewer": viewer_id, "ids": list(ids)})
    return dict(rows.all())


async def hidden_words_of_viewer(
    ids: Iterable[int],
    find: Callable[[AsyncSession, int, Sequence[int]], Awaitable[dict[int, str]]] = hidden_words_in,
) -> dict[int, str]:
    """The words that the current viewer hides in some texts. Those who hide no words need no
    statement.

    Args:
        ids: those of the texts.
        find: looks for the words; by default in posts.
    """
    viewer, ids = current_viewer(), tuple(ids)
    if viewer.account is None or not viewer.account.hides_words or not ids:
        return {}
    return await read(find, viewer.id, ids)


async def collapsed(posts: Sequence[PostCard]) -> tuple[PostCard, ...]:
    """The cards as the viewer sees them: with the word for which one is collapsed."""
    words = await hidden_words_of_viewer(post.id for post in posts)
    if not words:
        return tuple(posts)
    return tuple(post._replace(hidden_word=words.get(post.id, "")) for post in posts)
