"""Queries of the outbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, bindparam, extract, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest, Rows
from blog.core.i18n import format_number
from blog.core.i18n import gettext as _
from blog.models import Email, EmailState
from blog.models.email import WAITING

# Counting stops here: a page can't count a month of mail.
COUNTED = 10_000
# Beyond this page, lists continue by cursor.
DEEPEST_PAGE = 10
ENVELOPE = [
    Email.purpose, Email.recipient, Email.subject, Email.created_at, Email.attempts,
    Email.last_error,
]  # fmt: skip


class StateSummary(NamedTuple):
    """The number of messages in a state, and the oldest; `COUNTED + 1` stands for any larger
    number."""

    state: EmailState
    number: int
    oldest: datetime | None

    @property
    def number_in_words(self) -> str:
        """The number for display."""
        if self.number > COUNTED:
            return _("over %(number)s", number=format_number(COUNTED))
        return format_number(self.number)


class Depth(NamedTuple):
    """The size of the outbox.

    Args:
        states: the number of messages in each state except `SENT`.
        overdue_seconds: how long the next message has been due.
    """

    states: Sequence[StateSummary]
    overdue_seconds: float


async def outbox_depth(session: AsyncSession) -> Depth:
    """The size of the outbox. The cost of the query does not depend on how much was ever sent."""
    states = [state for state in EmailState if state is not EmailState.SENT]
    overdue = select(extract("epoch", func.now() - func.min(Email.due_at))).where(WAITING)
    seconds = await session.scalar(overdue)
    return Depth(await summary(session, states), max(0.0, float(seconds or 0)))


async def summary(
    session: AsyncSession, states: Sequence[EmailState] = tuple(EmailState)
) -> Sequence[StateSummary]:
    """The number of messages in each state, and the time of the oldest."""
    rows = await session.execute(union_all(*(_summary_of(state) for state in states)))
    by_state = {row.state: row for row in rows}
    return [StateSummary(state, by_state[state].number, by_state[state].oldest) for state in states]


def _summary_of(state: EmailState) -> Select[str, int, datetime | None]:
    counted = select(Email.id).where(Email.state == state).limit(COUNTED + 1).subquery()
    oldest = select(func.min(Email.created_at)).where(Email.state == state)
    return select(
        literal(state.value).label("state"),
        func.count(counted.c.id).label("number"),
        oldest.scalar_subquery().label("oldest"),
    )


def _envelopes(ids: Rows) -> Select[Email]:
    shown = ids.subquery()
    return (
        select(Email)
        .join(shown, shown.c.id == Email.id)
        .order_by(*_ORDER.by)
        .options(load_only(*ENVELOPE, raiseload=True))
    )


_ORDER = Order(Email.created_at, Email.id)
_IN_STATE: Listing[Email] = Listing(
    _ORDER, select(Email.id).where(Email.state == bindparam("state", type_=Email.state.type)),
    lambda email: (email.created_at, email.id), complete=_envelopes, deepest=DEEPEST_PAGE,
)  # fmt: skip


async def in_state(
    session: AsyncSession, state: EmailState, wanted: PageRequest | CursorRequest
) -> Page[Email]:
    """A page of the messages in a state, without their text, the newest first.

    Raises:
        TooDeepError: the page is beyond `DEEPEST_PAGE`.
    """
    return await _IN_STATE.read(session, wanted, state=state)
