"""Collapse comments that contain a word the viewer hides, like posts
(`blog.posts.hidden_words`)."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.posts.hidden_words import WORDS_OF_VIEWER, hidden_words_of_viewer

_HIDDEN = text(f"""
    WITH hidden AS MATERIALIZED ({WORDS_OF_VIEWER})
    SELECT DISTINCT ON (comment_id) comment_id, shown
    FROM comment_search JOIN hidden ON document @@ query
    WHERE comment_id = ANY (:ids) AND author_id <> :viewer
    ORDER BY comment_id, id
""").bindparams(  # noqa: S608
    bindparam("viewer", type_=BigInteger), bindparam("ids", type_=ARRAY(BigInteger))
)


async def hidden_words_in_comments(
    session: AsyncSession, viewer_id: int, ids: Sequence[int]
) -> dict[int, str]:
    """Find the comments by other people that contain a word a viewer hides.

    Returns:
        The first of these words, by the ids of the comments.
    """
    rows = await session.execute(_HIDDEN, {"viewer": viewer_id, "ids": list(ids)})
    return dict(rows.all())


async def comments_with_hidden_words(ids: Iterable[int]) -> dict[int, str]:
    """`hidden_words_in_comments` for the current viewer."""
    return await hidden_words_of_viewer(ids, hidden_words_in_comments)
