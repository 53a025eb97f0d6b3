"""Queries for administrators. Each list is read from an index in its order."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Text,
    func,
    literal,
    literal_column,
    not_,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from blog.admin.schemas import AccountState, PeopleSearch
from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest, Rows
from blog.core.text.search_words import folded_words, is_unspaced, phrase
from blog.models import AuditEntry, Role, User
from blog.models.account_deletion import not_deleted
from blog.models.user import NAME_AND_USERNAME, WORDS_OF_PERSON

# Beyond this page, lists continue by cursor.
DEEPEST_PAGE = 10
# The last character in Unicode, and in the byte order of UTF-8.
LAST_CHARACTER = "\U0010ffff"

_lower_username = func.lower(User.username)
# Names with usernames, because several people may have the same name. The expression of an index.
_name = literal_column(f'(({NAME_AND_USERNAME}) COLLATE "C")', Text)
_PLACES: tuple[ColumnElement[str] | InstrumentedAttribute[str], ...] = (
    _lower_username,
    User.email,
    _name,
)
_words: ColumnElement[Any] = literal_column(f"({WORDS_OF_PERSON})")
# Nearly everyone has a word that starts with a given letter or digit.
_SHORTEST_WORD = 2
# Matches of the username sort before matches of the address, which sort before matches of the
# start of the name, which sort before matches of words within it.
_ORDER = Order(
    literal_column("by_group", BigInteger), literal_column("place", Text), descending=False
)
_states = {
    AccountState.ANY: (),
    AccountState.ACTIVE: (User.confirmed_at.is_not(None), User.disabled_at.is_(None)),
    AccountState.UNCONFIRMED: (User.confirmed_at.is_(None), User.disabled_at.is_(None)),
    AccountState.DISABLED: (User.disabled_at.is_not(None),),
}


async def roles(session: AsyncSession) -> Sequence[Role]:
    """All roles, by increasing permissions."""
    return (await session.scalars(select(Role).order_by(Role.permissions, Role.id))).all()


async def people(
    session: AsyncSession, search: PeopleSearch, role: Role | None,
    wanted: PageRequest | CursorRequest,
) -> Page[User]:  # fmt: skip
    """Users with their roles: matches of the username first, then of the address, then of the name,
    and then of words within it, such as the surname, each sorted.

    Args:
        session: executes the statement.
        search: the start of their username, address or name, ignoring case, or of words of their
            name, ignoring accents too, and their state.
        role: their role; `None` for any.
        wanted: the requested page.

    Raises:
        InvalidCursorError: the cursor doesn't belong to this list.
        TooDeepError: the page is beyond `DEEPEST_PAGE`.
    """
    conditions = [not_deleted(User.id), *_states[search.state]]
    if role is not None:
        conditions.append(User.role_id == role.id)
    prefix = search.q.lower()
    group, after = 0, ""
    if isinstance(wanted, CursorRequest) and wanted.cursor:
        group, after = _ORDER.place(wanted.cursor)
    needed = wanted.limit + (wanted.offset if isinstance(wanted, PageRequest) else 0)
    # Each part is a range of an index, except for the last one, which is sorted. People who match
    # an earlier part are skipped, and may be many, so no part is read if those before have enough.
    parts: list[CTE] = []
    for number, (place, matches) in enumerate(_matches(prefix)):
        if number >= group:
            is_after = place > (after if number == group else "")
            part = _part(number, place, is_after, matches, *conditions)
            if parts:
                part = part.where(_count_rows(parts) < needed)
            parts.append(part.limit(needed).cte(f"part_{number}"))
        conditions.append(not_(matches))
    found = union_all(*map(select, parts)).subquery()

    def place_of(user: User) -> tuple[int, str]:
        name = user.username.lower()
        places = (name, user.email, f"{user.name.lower()}\x01{name}")
        matching = (each for each in enumerate(places) if each[1].startswith(prefix))
        return next(matching, (len(places), places[-1]))

    people: Listing[User] = Listing(
        _ORDER, select(found), place_of, complete=_with_roles, deepest=DEEPEST_PAGE
    )
    return await people.read(session, wanted)


def _matches(prefix: str) -> Iterator[tuple[Any, ColumnElement[bool]]]:
    """The parts of the list: what each is sorted by, and the condition for being in it."""
    if not prefix:
        yield _lower_username, true()
        return
    for place in _PLACES:
        yield place, _starts_with(place, prefix)
    words = folded_words(prefix)
    if words and (is_unspaced(words[-1]) or len("".join(words)) >= _SHORTEST_WORD):
        query = func.to_tsquery(literal_column("'simple'::regconfig"), phrase(words, is_typed=True))
        # A subquery with an offset is planned separately, with the index of words. Otherwise
        # PostgreSQL goes through all names in order, and computes the words of each.
        named = select(User.id).where(_words.op("@@")(query)).offset(literal_column("0"))
        yield _name, User.id.in_(named)


def _count_rows(parts: Sequence[CTE]) -> ColumnElement[int]:
    """The total number of rows in some parts of the list."""
    counts = (select(func.count()).select_from(part).scalar_subquery() for part in parts)
    return sum(counts, literal(0))


def _part(group: int, place: Any, *conditions: ColumnElement[bool]) -> Rows:
    """The ids of users who match all conditions, in the order of the list."""
    by = literal_column(str(group), Integer).label("by_group")
    return select(User.id, place.label("place"), by).where(*conditions).order_by(place)


def _with_roles(rows: Rows) -> Select[User]:
    shown = rows.subquery()
    return (
        select(User)
        .join(shown, shown.c.id == User.id)
        .options(joinedload(User.role, innerjoin=True))
        .order_by(shown.c.by_group, shown.c.place)
    )


def _starts_with(
    text: ColumnElement[str] | InstrumentedAttribute[str], prefix: str
) -> ColumnElement[bool]:
    """Whether a text starts with a prefix, as a range, for which even a generic plan can use an
    index in byte order."""
    return text.between(prefix, prefix + LAST_CHARACTER)


async def account_by_id(session: AsyncSession, user_id: int) -> User | None:
    """An account with its role."""
    return await session.scalar(
        select(User)
        .where(User.id == user_id, not_deleted(User.id))
        .options(joinedload(User.role, innerjoin=True))
    )


def _with_accounts(ids: Rows) -> Select[AuditEntry]:
    shown = ids.subquery()
    return (
        select(AuditEntry)
        .join(shown, shown.c.id == AuditEntry.id)
        .options(
            joinedload(AuditEntry.actor.and_(not_deleted(User.id))),
            joinedload(AuditEntry.subject.and_(not_deleted(User.id))),
        )
        .order_by(AuditEntry.id.desc())
    )


_AUDIT_LOG: Listing[AuditEntry] = Listing(
    Order(AuditEntry.id), select(AuditEntry.id), lambda entry: (entry.id,),
    complete=_with_accounts, deepest=DEEPEST_PAGE,
)  # fmt: skip


async def audit_entries(
    session: AsyncSession, wanted: PageRequest | CursorRequest
) -> Page[AuditEntry]:
    """A page of the audit log, newest first, with the accounts that still exist.

    Raises:
        TooDeepError: the page is beyond `DEEPEST_PAGE`.
    """
    return await _AUDIT_LOG.read(session, wanted)
