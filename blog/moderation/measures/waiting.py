"""The job that reminds moderators of undecided appeals."""

from datetime import timedelta

from sqlalchemy import func, select

from blog.core.clock import now
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import Appeal, Measure, User
from blog.models.account_deletion import not_deleted
from blog.moderation.measures.queries import can_moderate

# Moderators are reminded of an appeal after this time, once a day.
REMINDED_AFTER = timedelta(days=1)
PEOPLE_AT_ONCE = 100


async def remind_of_appeals(job: RunningJob) -> None:
    """Email moderators that appeals are waiting for them."""
    waiting = (
        select(func.count())
        .select_from(Appeal)
        .join(Measure, Measure.id == Appeal.measure_id)
        .where(
            Appeal.decided_at.is_(None), Appeal.created_at < now() - REMINDED_AFTER,
            not_deleted(Measure.person_id),
        )
    )  # fmt: skip
    moderators = select(User).where(can_moderate()).order_by(User.id).limit(PEOPLE_AT_ONCE)
    async with job.database.session() as session:
        if not (number := await session.scalar(waiting)):
            return
        for person in await session.scalars(moderators):
            await outbox.put(
                session, to=person, message="appeals_waiting", user=person, number=number,
                link=external_url("measures.open_appeals"),
            )  # fmt: skip
        await session.commit()


REMIND_OF_APPEALS = JobKind(
    "remind_of_appeals", remind_of_appeals, at_once=1, every=timedelta(days=1)
)
