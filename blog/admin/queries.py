"""Reading what administrators see. Each list comes from an index that has its order."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from blog.admin.schemas import AccountState, PeopleSearch
from blog.kit.pagination import Page, PageRequest
from blog.models import AuditEntry, Role, User
from blog.models.account_deletion import not_deleted

# No character comes after this one, and none is coded by greater bytes in UTF-8.
LAST_CHARACTER = "\U0010ffff"

_lower_username = func.lower(User.username)
_states = {
    AccountState.ANY: (),
    AccountState.ACTIVE: (User.confirmed_at.is_not(None), User.disabled_at.is_(None)),
    AccountState.UNCONFIRMED: (User.confirmed_at.is_(None), User.disabled_at.is_(None)),
    AccountState.DISABLED: (User.disabled_at.is_not(None),),
}


async def roles(session: AsyncSession) -> Sequence[Role]:
    """All roles, the one with the fewest permissions first."""
    return (await session.scalars(select(Role).order_by(Role.permissions, Role.id))).all()


async def people(
    session: AsyncSession, search: PeopleSearch, role: Role | None, wanted: PageRequest
) -> Page[User]:
    """People by username, with their roles.

    Args:
        session: where to look.
        search: what their name or address begins with, in whatever case, and their state.
        role: their role, if it matters.
        wanted: which page of them.
    """
    statement = (
        select(User).options(joinedload(User.role, innerjoin=True)).order_by(_lower_username)
    )
    statement = statement.where(not_deleted(User.id), *_states[search.state])
    if role is not None:
        statement = statement.where(User.role_id == role.id)
    if search.q:
        beginning = search.q.lower()
        statement = statement.where(
            or_(_begins_with(_lower_username, beginning), _begins_with(User.email, beginning))
        )
    rows = await session.scalars(statement.offset(wanted.offset).limit(wanted.limit))
    return Page.of(rows.all(), wanted)


def _begins_with(
    text: ColumnElement[str] | InstrumentedAttribute[str], beginning: str
) -> ColumnElement[bool]:
    """As a range, an index in the order of bytes serves it in every plan, prepared ones too."""
    return text.between(beginning, beginning + LAST_CHARACTER)


async def account_by_id(session: AsyncSession, user_id: int) -> User | None:
    """One person with the role."""
    return await session.scalar(
        select(User)
        .where(User.id == user_id, not_deleted(User.id))
        .options(joinedload(User.role, innerjoin=True))
    )


async def audit_entries(session: AsyncSession, wanted: PageRequest) -> Page[AuditEntry]:
    """What was done, the newest first, with the people who are still there."""
    statement = (
        select(AuditEntry)
        .options(
            joinedload(AuditEntry.actor.and_(not_deleted(User.id))),
            joinedload(AuditEntry.subject.and_(not_deleted(User.id))),
        )
        .order_by(AuditEntry.id.desc())
    )
    rows = await session.scalars(statement.offset(wanted.offset).limit(wanted.limit))
    return Page.of(rows.all(), wanted)
