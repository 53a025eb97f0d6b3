"""Reading posts in walks (`blog.core.db.pagination.Walk`), for clients of the API.

The lists are those of `blog.posts.queries`, in the order of the ids, newest first: whoever goes
on below an id sees each post once that was there all along, whatever was written meanwhile.
"""

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.blocks import number_of_rows
from blog.core.db.cursors import LARGEST_ID, id_cursor, parsed_id
from blog.core.db.pagination import LIMIT, Stretch, Walk
from blog.models import Post, PostBlock
from blog.posts.lists import ListedPost, PostCard, PostList
from blog.posts.queries import (
    AUTHOR,
    IS_VISIBLE,
    ids_of_timeline,
    length_of_timeline,
    number_by_author,
)

_POST = Post.__table__.c
_is_below = _POST.id <= bindparam("below", type_=BigInteger)
_below = select(_POST.id).where(_is_below, IS_VISIBLE).order_by(_POST.id.desc()).limit(LIMIT)
_timeline = ids_of_timeline(LIMIT, _is_below)

_NEWEST = PostList.of(_below, number_of_rows(PostBlock))
_TIMELINE = PostList.of(
    select(_timeline.c.id).order_by(_timeline.c.id.desc()).limit(LIMIT), length_of_timeline
)
_BY_AUTHOR = PostList.of(_below.where(_POST.author_id == AUTHOR), number_by_author)


async def newest(session: AsyncSession, walk: Walk) -> Stretch[ListedPost]:
    """Everybody's posts, with their authors."""
    return await _stretch(session, _NEWEST, walk)


async def timeline(session: AsyncSession, reader: int, walk: Walk) -> Stretch[ListedPost]:
    """The posts of those whom the person with the id `reader` follows and his own."""
    return await _stretch(session, _TIMELINE, walk, reader=reader)


async def posts_by(session: AsyncSession, author: int, walk: Walk) -> Stretch[ListedPost]:
    """The posts of the person with the id `author`."""
    return await _stretch(session, _BY_AUTHOR, walk, author=author)


async def timeline_cards(session: AsyncSession, reader: int, walk: Walk) -> Stretch[PostCard]:
    """As `timeline`, for a page."""
    return await _TIMELINE.cards_behind(session, walk, _place(walk) | {"reader": reader})


async def cards_by(session: AsyncSession, author: int, walk: Walk) -> Stretch[PostCard]:
    """As `posts_by`, for a page."""
    return await _BY_AUTHOR.cards_behind(session, walk, _place(walk) | {"author": author})


async def _stretch(
    session: AsyncSession, posts: PostList, walk: Walk, **parameters: int
) -> Stretch[ListedPost]:
    """As many posts as are wanted, unless their texts are long: then the walk goes on earlier."""
    found, count = await posts.read_texts(session, _place(walk) | parameters)
    rows = [post for post in found[: walk.size] if isinstance(post, ListedPost)]
    goes_on = len(found) > len(rows)
    return Stretch(tuple(rows), id_cursor(rows[-1].id) if goes_on else None, count)


def _place(walk: Walk) -> dict[str, int]:
    """The values by which the statements find what is behind a place."""
    below = parsed_id(walk.cursor) - 1 if walk.cursor else LARGEST_ID
    return {"limit": walk.limit, "below": below}
