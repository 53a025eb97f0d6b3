"""Queries of the public log."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.moderation_log import PUBLISHED, content_of
from blog.core.crypto.chain import GENESIS
from blog.core.db.cursors import Order
from blog.core.db.database import Database
from blog.core.db.pagination import LIMIT, CursorRequest, Page
from blog.core.i18n import LazyText
from blog.models import Act, LogEntry, LogOpening, User
from blog.models.account_deletion import not_deleted

# Entries read at once.
ROWS_AT_ONCE = 500

_ENTRY, _OPENING, _USER = LogEntry.__table__.c, LogOpening.__table__.c, User.__table__.c
_ORDER = Order(_ENTRY.number)
# Leaves out the openings of deleted accounts, whose rows a job deletes later.
_IS_THERE = or_(_OPENING.user_id.is_(None), not_deleted(_OPENING.user_id))


def _openings(*conditions: Any) -> Any:
    """The openings of an entry as an object: `{"reason": {"salt": …, "value": …, "name": …}}`,
    where `name` is the account's current username."""
    opening = func.jsonb_build_object(
        "salt", func.encode(_OPENING.salt, "hex"), "value", _OPENING.value, "name", _USER.username
    )
    return (
        select(
            func.coalesce(func.jsonb_object_agg(_OPENING.fact, opening), func.jsonb_build_object())
        )
        .select_from(LogOpening.__table__.outerjoin(User.__table__, _USER.id == _OPENING.user_id))
        .where(_OPENING.number == _ENTRY.number, _IS_THERE, *conditions)
        .correlate(LogEntry.__table__)
        .scalar_subquery()
    )


_COLUMNS = (
    _ENTRY.number, _ENTRY.at, _ENTRY.act, _ENTRY.rule, _ENTRY.commitments, _ENTRY.previous,
    _ENTRY.hash,
)  # fmt: skip
_PUBLIC = select(*_COLUMNS, _openings(_OPENING.is_public).label("openings"))
_WHOLE = select(*_COLUMNS, _openings().label("openings"))
_NEWEST = _PUBLIC.where(_ORDER.is_after).order_by(*_ORDER.by).limit(LIMIT)
_AFTER = bindparam("after", type_=BigInteger)
_HEAD = select(_ENTRY.number, _ENTRY.hash).order_by(_ENTRY.number.desc()).limit(1)


class Head(NamedTuple):
    """The last entry of the log; number 0 if there is none."""

    number: int
    hash: str


class PublicEntry(NamedTuple):
    """An entry as shown to the public.

    Attributes:
        summary: what the moderator did.
        moderator: their username at the time; empty if their account was deleted.
        moderator_account: their current username; empty if they have no account.
        person: the person concerned, if the log tells.
        about: the subject, if the log tells.
        rule: the number and text of the rule that it is based on.
    """

    number: int
    at: datetime
    summary: LazyText
    moderator: str
    moderator_account: str
    person: str
    about: str
    rule: Mapping[str, Any] | None
    hash: str


def _entry_of_row(row: Any) -> PublicEntry:
    opened = row.openings
    moderator = opened.get("moderator", {})
    return PublicEntry(
        number=row.number,
        at=row.at,
        summary=PUBLISHED[Act(row.act)].summary,
        moderator=moderator.get("value", ""),
        moderator_account=moderator.get("name") or "",
        person=opened.get("person", {}).get("value", ""),
        about=opened.get("about", {}).get("value", ""),
        rule=row.rule,
        hash=row.hash,
    )


async def newest(session: AsyncSession, wanted: CursorRequest) -> Page[PublicEntry]:
    """A page of the public log, newest entries first.

    Raises:
        InvalidCursorError: the cursor doesn't belong to this list.
    """
    values = {"limit": wanted.limit, **_ORDER.parameters(wanted.cursor)}
    rows = [_entry_of_row(row) for row in await session.execute(_NEWEST, values)]
    return Page.of(rows, wanted, cursor_of=lambda row: _ORDER.cursor(row.number))


async def head(session: AsyncSession) -> Head:
    """The last entry of the chain."""
    row = (await session.execute(_HEAD)).one_or_none()
    return Head(row.number, row.hash) if row else Head(0, GENESIS)


async def records(
    session: AsyncSession, after: int, limit: int, *, is_whole: bool = False
) -> Sequence[dict[str, Any]]:
    """Entries in the format that `blog.core.crypto.chain.ChainCheck` reads, oldest first.

    Args:
        after: the number of the entry before the first one.
        limit: the maximum number of entries.
        is_whole: whether to include what only moderators may read.
    """
    rows = (_WHOLE if is_whole else _PUBLIC).where(_ENTRY.number > _AFTER)
    found = await session.execute(rows.order_by(_ENTRY.number).limit(limit), {"after": after})
    return [
        {
            "entry": content_of(row),
            "hash": row.hash,
            "openings": {
                fact: {"salt": opening["salt"], "value": opening["value"]}
                for fact, opening in row.openings.items()
            },
        }
        for row in found
    ]


async def all_records(
    database: Database, after: int, limit: int, *, is_whole: bool = False
) -> AsyncIterator[Sequence[dict[str, Any]]]:
    """Yield up to `limit` entries like those of `records`, some at a time. No connection is held in
    between."""
    while limit > 0:
        number = min(limit, ROWS_AT_ONCE)
        async with database.reading_session() as session:
            found = await records(session, after, number, is_whole=is_whole)
        if found:
            yield found
        if len(found) < number:
            return
        after, limit = found[-1]["entry"]["number"], limit - number
