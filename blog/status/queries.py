"""What `/status` shows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.jobs.queue import REPEATED
from blog.models import Component, Email, EmailState, Incident, Job
from blog.models.email import WAITING

# The job that watches the components, every minute, and how late it is when none runs.
WATCH = "watch_components"
LONGEST_SILENCE = timedelta(minutes=5)
# Later than this, jobs and mail are not just busy.
LATE = timedelta(minutes=10)
# A message that was refused once or twice is nothing unusual, nor is one person whose mail server
# is down.
TRIED = 2
RECIPIENTS = 2
LOOKED_AT = 1000
SHOWN = 10


async def mail_fails_since(session: AsyncSession) -> datetime | None:
    """Since when no mail is sent; `None` if some is, or none has to be.

    Messages to several people have been waiting although they were tried, or have been due and
    nobody has tried, and none that was added later was sent.
    """
    is_late = (Email.attempts >= TRIED) | (Email.due_at < func.now() - LATE)
    waiting = (
        select(Email.recipient, Email.created_at)
        .where(WAITING, is_late, Email.created_at < func.now() - LATE)
        .order_by(Email.due_at)
        .limit(LOOKED_AT)
        .subquery()
    )
    number, since = (
        await session.execute(
            select(func.count(waiting.c.recipient.distinct()), func.min(waiting.c.created_at))
        )
    ).one()
    if number < RECIPIENTS:
        return None
    later = select(Email.id).where(Email.state == EmailState.SENT, Email.created_at > since)
    return None if await session.scalar(select(later.exists())) else since


class ComponentState(NamedTuple):
    """Whether a component works; `failing_since` is `None` if it does."""

    component: Component
    failing_since: datetime | None


async def component_states(session: AsyncSession) -> list[ComponentState]:
    """The state of each component, as it was last seen."""
    rows = await session.execute(
        select(Incident.component, Incident.began_at).where(Incident.ended_at.is_(None))
    )
    failing = dict(rows.all())
    due_at = await session.scalar(
        select(Job.due_at).where(Job.kind == WATCH, Job.key == REPEATED).limit(1)
    )
    if due_at is not None and now() - due_at > LONGEST_SILENCE:
        # Nothing is watched any more, so it has not recorded this either.
        failing.setdefault(Component.JOBS, due_at)
    return [ComponentState(each, failing.get(each)) for each in Component]


async def last_incidents(session: AsyncSession) -> Sequence[Incident]:
    """The last incidents that are over, the newest first."""
    statement = select(Incident).where(Incident.ended_at.is_not(None))
    return (await session.scalars(statement.order_by(Incident.began_at.desc()).limit(SHOWN))).all()
