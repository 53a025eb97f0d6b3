"""Reading posts. Each list comes from an index in the order that it is shown in."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.kit.pagination import Page, PageRequest
from blog.models import Post, User

_newest_first = (
    select(Post)
    .options(joinedload(Post.author, innerjoin=True))
    .order_by(Post.created_at.desc(), Post.id.desc())
)


async def newest(session: AsyncSession, wanted: PageRequest) -> Page[Post]:
    """Everybody's posts, newest first, with their authors."""
    return await _page(session, _newest_first, wanted)


async def posts_by(session: AsyncSession, author: User, wanted: PageRequest) -> Page[Post]:
    """The posts of one author, newest first."""
    return await _page(session, _newest_first.where(Post.author_id == author.id), wanted)


async def post_by_id(session: AsyncSession, post_id: int) -> Post | None:
    """One post with its author."""
    return await session.scalar(
        select(Post).where(Post.id == post_id).options(joinedload(Post.author, innerjoin=True))
    )


async def _page(session: AsyncSession, statement: Select[Post], wanted: PageRequest) -> Page[Post]:
    rows = await session.scalars(statement.offset(wanted.offset).limit(wanted.limit))
    return Page.of(rows.all(), wanted)
