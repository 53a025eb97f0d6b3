"""Reading the posts of lists with their texts, for clients of the API.

The lists are those of `blog.posts.queries`. Where their texts are long, only the first are read;
the rest is named, and read by `texts_of` some at a time.
"""

from collections.abc import Sequence

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.pagination import Page, PageRequest
from blog.models import Post, User
from blog.posts.lists import COLUMNS, ListedPost, UnreadPost, listed
from blog.posts.queries import BY_AUTHOR, IS_VISIBLE, NEWEST, TIMELINE

_POST, _USER = Post.__table__.c, User.__table__.c
_BY_IDS = (
    select(*COLUMNS)
    .join_from(Post.__table__, User.__table__, _USER.id == _POST.author_id)
    .where(_POST.id == any_(bindparam("ids", type_=ARRAY(BigInteger))), IS_VISIBLE)
    .order_by(_POST.id.desc())
)

Texts = Page[ListedPost | UnreadPost]


async def newest(session: AsyncSession, wanted: PageRequest) -> Texts:
    """Everybody's posts, newest first."""
    return await NEWEST.page_of_texts(session, wanted)


async def timeline(session: AsyncSession, reader: int, wanted: PageRequest) -> Texts:
    """The posts of those whom the person with the id `reader` follows, and their own."""
    return await TIMELINE.page_of_texts(session, wanted, reader=reader)


async def posts_by(session: AsyncSession, author: int, wanted: PageRequest) -> Texts:
    """The posts of the person with the id `author`, newest first."""
    return await BY_AUTHOR.page_of_texts(session, wanted, author=author)


async def texts_of(session: AsyncSession, ids: Sequence[int]) -> list[ListedPost]:
    """Those of some posts that are still to be read, newest first."""
    return [listed(row) for row in await session.execute(_BY_IDS, {"ids": list(ids)})]
