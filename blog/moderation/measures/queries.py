"""Queries of measures and appeals."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, joinedload

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page
from blog.core.i18n import format_number
from blog.models import (
    Appeal,
    Comment,
    Measure,
    MeasureKind,
    Permission,
    Post,
    Report,
    Role,
    User,
)
from blog.models.account_deletion import not_deleted

# The newest measures against a person that are shown.
MEASURES_SHOWN = 50
# A person's posts, comments and reports are counted up to this number.
COUNTED_TO = 500

_MEASURE = select(Measure).options(
    joinedload(Measure.person, innerjoin=True).joinedload(User.role, innerjoin=True),
    joinedload(Measure.moderator.and_(not_deleted(User.id))),
    joinedload(Measure.appeal).joinedload(Appeal.decided_by.and_(not_deleted(User.id))),
)
_PERSON = aliased(User)
_MODERATES = Role.permissions.bitwise_and(Permission.MODERATE) == Permission.MODERATE
# Oldest first, because they have waited longest.
_OPEN_APPEALS: Listing[Appeal] = Listing(
    Order(Appeal.created_at, Appeal.measure_id, descending=False),
    select(Appeal)
    .join(Measure, Measure.id == Appeal.measure_id)
    .where(Appeal.decided_at.is_(None), not_deleted(Measure.person_id))
    .options(
        joinedload(Appeal.measure, innerjoin=True).options(
            joinedload(Measure.person, innerjoin=True),
            joinedload(Measure.moderator.and_(not_deleted(User.id))),
        )
    ),
    lambda appeal: (appeal.created_at, appeal.measure_id),
)


class Record(NamedTuple):
    """A person's record. All numbers but `posts` are counted up to `COUNTED_TO`; one more means
    that there are more.

    Attributes:
        posts: posts of theirs that others can read.
        hidden_posts: posts of theirs that are hidden.
        comments: comments of theirs.
        reports: reports about these.
        upheld: the number of the newest `COUNTED_TO` reports that moderators acted on.
    """

    posts: int
    hidden_posts: int
    comments: int
    reports: int
    upheld: int


def up_to(number: int) -> str:
    """A number as counted: "12", or "500+" for more than `COUNTED_TO`."""
    return f"{format_number(COUNTED_TO)}+" if number > COUNTED_TO else format_number(number)


async def person_by_id(session: AsyncSession, person_id: int) -> User | None:
    """An account with its role."""
    return await session.scalar(
        select(User)
        .where(User.id == person_id, not_deleted(User.id))
        .options(joinedload(User.role, innerjoin=True))
    )


async def load_record(session: AsyncSession, person: User) -> Record:
    """Load a person's record. The cost is bounded, however much they have written."""
    reports = (
        select(Report.state)
        .where(Report.author_id == person.id)
        .order_by(Report.id.desc())
        .limit(COUNTED_TO + 1)
        .subquery("reports_about_them")
    )
    hidden = _count_up_to_limit(
        select(Post.id).where(Post.author_id == person.id, Post.hidden_at.is_not(None))
    )
    comments = _count_up_to_limit(select(Comment.id).where(Comment.author_id == person.id))
    upheld = func.count().filter(reports.c.state == "resolved")
    counts = select(hidden, comments, func.count(), upheld).select_from(reports)
    return Record(person.post_count, *(await session.execute(counts)).one())


def _count_up_to_limit(rows: Select[Any]) -> ScalarSelect[int]:
    """The number of rows, up to one more than `COUNTED_TO`."""
    return select(func.count()).select_from(rows.limit(COUNTED_TO + 1).subquery()).scalar_subquery()


async def measures_against(session: AsyncSession, person_id: int) -> Sequence[Measure]:
    """The newest measures against a person, with their appeals."""
    theirs = _MEASURE.where(Measure.person_id == person_id).order_by(Measure.id.desc())
    return (await session.scalars(theirs.limit(MEASURES_SHOWN))).all()


async def measure_by_id(session: AsyncSession, measure_id: int) -> Measure | None:
    """A measure against a person whose account exists, with its appeal."""
    return await session.scalar(
        _MEASURE.where(Measure.id == measure_id, not_deleted(Measure.person_id))
    )


def can_moderate() -> ColumnElement[bool]:
    """The condition that an account can act as a moderator: it has the role, is confirmed, and is
    neither disabled nor paused."""
    return and_(User.role_id.in_(select(Role.id).where(_MODERATES)), _is_active())


def _is_active() -> ColumnElement[bool]:
    return and_(
        User.confirmed_at.is_not(None), User.disabled_at.is_(None),
        or_(User.paused_until.is_(None), User.paused_until <= func.now()),
    )  # fmt: skip


async def has_another_moderator(session: AsyncSession, measure: Measure) -> bool:
    """Whether there is a moderator who didn't take this measure and isn't its subject."""
    return await has_moderator_besides(session, measure.person_id, measure.moderator_id or 0)


async def has_moderator_besides(session: AsyncSession, *user_ids: int) -> bool:
    """Whether anyone else can act as a moderator."""
    # The order of the index of people by role, because few of a million people are moderators.
    another = (
        select(User.id)
        .where(User.role_id == Role.id, _is_active(), User.id.not_in(user_ids))
        .order_by(func.lower(User.username))
        .limit(1)
        .correlate(Role)
        .scalar_subquery()
    )
    return any(await session.scalars(select(another).where(_MODERATES)))


async def disabling_measure(session: AsyncSession, email: str) -> Measure | None:
    """The measure that disables the account with this confirmed address."""
    disabling = (
        _MEASURE.join(_PERSON, _PERSON.id == Measure.person_id)
        .where(
            _PERSON.email == email, _PERSON.confirmed_at.is_not(None),
            _PERSON.disabled_at.is_not(None), Measure.kind == MeasureKind.DISABLE,
            Measure.ended_at.is_(None), not_deleted(Measure.person_id),
        )
        .order_by(Measure.id.desc())
        .limit(1)
    )  # fmt: skip
    return await session.scalar(disabling)


async def open_appeals(session: AsyncSession, wanted: CursorRequest) -> Page[Appeal]:
    """The undecided appeals, oldest first.

    Raises:
        InvalidCursorError: the cursor doesn't belong to this list.
    """
    return await _OPEN_APPEALS.read(session, wanted)
