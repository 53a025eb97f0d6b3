"""Reading what administrators see. Each list comes from an index that has its order."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, literal, not_, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from blog.admin.schemas import AccountState, PeopleSearch
from blog.core.db.cursors import id_cursor, parsed_id
from blog.core.db.pagination import Page, PageRequest, Stretch, TooDeepError, Walk
from blog.models import AuditEntry, Role, User
from blog.models.account_deletion import not_deleted

Row = TypeVar("Row")

# Further on, these lists go by a cursor alone.
DEEPEST_PAGE = 10
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
    session: AsyncSession, search: PeopleSearch, role: Role | None, wanted: PageRequest | Walk
) -> Page[User] | Stretch[User]:
    """People with their roles: those whose name fits, by username, then the others by address.

    Args:
        session: where to look.
        search: what their name or address begins with, in whatever case, and their state.
        role: their role, if it matters.
        wanted: which part of them.

    Raises:
        TooDeepError: the page is behind `DEEPEST_PAGE`.
    """
    behind = wanted.cursor if isinstance(wanted, Walk) else ""
    offset = 0 if isinstance(wanted, Walk) else _shallow(wanted).offset
    conditions = [not_deleted(User.id), *_states[search.state]]
    if role is not None:
        conditions.append(User.role_id == role.id)
    beginning = search.q.lower()
    has_name = _begins_with(_lower_username, beginning) if beginning else true()
    parts = []
    # Each is a range of an index. An address has an "@", a username never.
    is_in_addresses = beginning != "" and "@" in behind
    if not is_in_addresses:
        parts.append(_part(_lower_username, behind, has_name, *conditions))
    if beginning:
        after = behind if is_in_addresses else ""
        has_address = _begins_with(User.email, beginning)
        parts.append(_part(User.email, after, has_address, not_(has_name), *conditions))
    reach = offset + wanted.limit
    found = union_all(*(select(part.limit(reach).subquery()) for part in parts)).subquery()
    shown = (
        select(found)
        .order_by(found.c.by_address, found.c.place)
        .offset(offset)
        .limit(wanted.limit)
        .subquery()
    )
    statement = (
        select(User)
        .join(shown, shown.c.id == User.id)
        .options(joinedload(User.role, innerjoin=True))
        .order_by(shown.c.by_address, shown.c.place)
    )
    rows = (await session.scalars(statement)).all()

    def cursor_of(user: User) -> str:
        fits = user.username.lower().startswith(beginning)
        return user.username.lower() if fits else user.email

    return _listed(rows, wanted, cursor_of)


def _part(place: Any, behind: str, *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The ids of the people with these properties behind a place, in the order of the places."""
    by_address = literal(place is User.email).label("by_address")
    statement = select(User.id, place.label("place"), by_address).where(*conditions)
    if behind:
        statement = statement.where(place > behind)
    return statement.order_by(place)


def _shallow(wanted: PageRequest) -> PageRequest:
    if wanted.number > DEEPEST_PAGE:
        raise TooDeepError(DEEPEST_PAGE)
    return wanted


def _listed(
    rows: Sequence[Row], wanted: PageRequest | Walk, cursor_of: Callable[[Row], str]
) -> Page[Row] | Stretch[Row]:
    if isinstance(wanted, Walk):
        return Stretch.of(rows, wanted, None, cursor_of)
    return Page.of(rows, wanted, cursor_of=cursor_of, deepest=DEEPEST_PAGE)


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


async def audit_entries(
    session: AsyncSession, wanted: PageRequest | Walk
) -> Page[AuditEntry] | Stretch[AuditEntry]:
    """What was done, the newest first, with the people who are still there.

    Raises:
        TooDeepError: the page is behind `DEEPEST_PAGE`.
    """
    ids = select(AuditEntry.id).order_by(AuditEntry.id.desc()).limit(wanted.limit)
    if isinstance(wanted, Walk):
        ids = ids.where(AuditEntry.id < parsed_id(wanted.cursor))
    else:
        ids = ids.offset(_shallow(wanted).offset)
    shown = ids.subquery()
    statement = (
        select(AuditEntry)
        .join(shown, shown.c.id == AuditEntry.id)
        .options(
            joinedload(AuditEntry.actor.and_(not_deleted(User.id))),
            joinedload(AuditEntry.subject.and_(not_deleted(User.id))),
        )
        .order_by(AuditEntry.id.desc())
    )
    rows = (await session.scalars(statement)).all()
    return _listed(rows, wanted, lambda entry: id_cursor(entry.id))
