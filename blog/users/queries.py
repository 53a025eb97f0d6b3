"""Finding people."""

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.blocks import ids_of_page, number_of_rows
from blog.core.db.cursors import id_cursor, parsed_id
from blog.core.db.pagination import Page, PageRequest, Stretch, Walk
from blog.models import User, UserBlock
from blog.models.account_deletion import not_deleted

_BY_ID = select(User).where(User.id == bindparam("id"), not_deleted(User.id))
_BY_USERNAME = select(User).where(
    func.lower(User.username) == bindparam("username"), not_deleted(User.id)
)
_ids = ids_of_page(User, UserBlock, not_deleted(User.__table__.c.id)).subquery()
_PAGE = select(User).join(_ids, _ids.c.id == User.id).order_by(User.id.desc())


async def user_by_username(session: AsyncSession, username: str) -> User | None:
    """The person with this name, whatever its case."""
    return await session.scalar(_BY_USERNAME, {"username": username.lower()})


async def user_by_id(session: AsyncSession, user_id: int) -> User | None:
    """The person with this id."""
    return await session.scalar(_BY_ID, {"id": user_id})


async def newest_page(session: AsyncSession, wanted: PageRequest) -> Page[User]:
    """Everybody, who came last first."""
    people = await session.scalars(_PAGE, wanted.parameters)
    return Page.of(people.all(), wanted, await _number_of_people(session))


async def newest_stretch(session: AsyncSession, walk: Walk) -> Stretch[User]:
    """Everybody, who came last first, as a walk."""
    statement = select(User).where(not_deleted(User.id)).order_by(User.id.desc()).limit(walk.limit)
    if walk.cursor:
        statement = statement.where(User.id < parsed_id(walk.cursor))
    people = (await session.scalars(statement)).all()
    total = await _number_of_people(session)
    return Stretch.of(people, walk, total, lambda person: id_cursor(person.id))


async def _number_of_people(session: AsyncSession) -> int:
    return await session.scalar(select(number_of_rows(UserBlock))) or 0
