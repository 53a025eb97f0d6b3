"""Queries of measures and appeals."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page
from blog.models import Appeal, Comment, Measure, Post, Report, User
from blog.models.account_deletion import not_deleted

# So many of a person's measures are shown.
MEASURES_SHOWN = 50
# So many of a person's newest posts, and of their comments, are looked through.
LOOKED_THROUGH = 1_000
# So many reports about these are counted.
REPORTS_COUNTED = 100

_MEASURE = select(Measure).options(
    joinedload(Measure.person, innerjoin=True).joinedload(User.role, innerjoin=True),
    joinedload(Measure.moderator.and_(not_deleted(User.id))),
    joinedload(Measure.appeal).joinedload(Appeal.decided_by.and_(not_deleted(User.id))),
)
# The oldest first: they have waited longest.
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
    """What moderators have had to do with a person before.

    Attributes:
        posts: how many they have written that others can read.
        comments: how many others can read of at most `LOOKED_THROUGH` comments.
        reports: how many reports there were about those that are looked through, at most
            `REPORTS_COUNTED`.
        upheld: how many of these moderators acted on.
        has_more_comments: whether there are comments that aren't looked through.
    """

    posts: int
    comments: int
    reports: int
    upheld: int
    has_more_comments: bool

    @property
    def has_more_reports(self) -> bool:
        """Whether there may be reports that aren't counted."""
        return (
            self.posts > LOOKED_THROUGH or self.has_more_comments or self.reports >= REPORTS_COUNTED
        )


async def person_by_id(session: AsyncSession, person_id: int) -> User | None:
    """An account with its role."""
    return await session.scalar(
        select(User)
        .where(User.id == person_id, not_deleted(User.id))
        .options(joinedload(User.role, innerjoin=True))
    )


async def record_of(session: AsyncSession, person: User) -> Record:
    """What is known of a person, which reads no more of one who has written very much."""
    posts = (
        select(Post.id)
        .where(Post.author_id == person.id)
        .order_by(Post.id.desc())
        .limit(LOOKED_THROUGH)
    )
    # In no order: the index of a person's comments has none.
    comments = (
        select(Comment.id, Comment.disabled_at)
        .where(Comment.author_id == person.id)
        .limit(LOOKED_THROUGH)
        .cte("their_comments")
    )
    theirs = (
        select(Report.state)
        .where(Report.post_id.in_(posts))
        .union_all(select(Report.state).where(Report.comment_id.in_(select(comments.c.id))))
        .limit(REPORTS_COUNTED)
        .subquery("theirs")
    )
    shown = select(func.count()).where(comments.c.disabled_at.is_(None)).scalar_subquery()
    has_more = select(func.count() >= LOOKED_THROUGH).select_from(comments).scalar_subquery()
    upheld = func.count().filter(theirs.c.state == "resolved")
    counts = select(shown, func.count(), upheld, has_more).select_from(theirs)
    return Record(person.post_count, *(await session.execute(counts)).one())


async def measures_against(session: AsyncSession, person_id: int) -> Sequence[Measure]:
    """The newest measures against a person, with their appeals."""
    theirs = _MEASURE.where(Measure.person_id == person_id).order_by(Measure.id.desc())
    return (await session.scalars(theirs.limit(MEASURES_SHOWN))).all()


async def measure_by_id(session: AsyncSession, measure_id: int) -> Measure | None:
    """A measure against someone whose account exists, with its appeal."""
    return await session.scalar(
        _MEASURE.where(Measure.id == measure_id, not_deleted(Measure.person_id))
    )


async def open_appeals(session: AsyncSession, wanted: CursorRequest) -> Page[Appeal]:
    """The appeals that nobody has decided, the oldest first.

    Raises:
        InvalidCursorError: the cursor is not of this list.
    """
    return await _OPEN_APPEALS.read(session, wanted)
