"""Queries for `/status`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.jobs.queue import REPEATED
from blog.models import Component, Email, EmailState, Incident, Job
from blog.models.email import WAITING

# The job that watches the components every minute; if it is later than this, no jobs are running.
WATCH = "watch_components"
LONGEST_SILENCE = timedelta(minutes=5)
# If jobs or mails are later than this, they aren't just busy.
LATE = timedelta(minutes=10)
# It isn't unusual that a message is refused once or twice, or that the mail server of a single
# recipient is down.
TRIED = 2
RECIPIENTS = 2
LOOKED_AT = 1000
SHOWN = 10


async def mail_fails_since(session: AsyncSession) -> datetime | None:
    """Since when no mail has been sent; `None` if mail is being sent, or there is none to send.

    Mail fails if messages to several people are waiting after some attempts, or are due and were
    not attempted, and no message that was added later has been sent.
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
    """The last known state of each component."""
    rows = await session.execute(
        select(Incident.component, Incident.began_at).where(Incident.ended_at.is_(None))
    )
    failing = dict(rows.all())
    due_at = await session.scalar(
        select(Job.due_at).where(Job.kind == WATCH, Job.key == REPEATED).limit(1)
    )
    if due_at is not None and now() - due_at > LONGEST_SILENCE:
        # The watching job isn't running, so it can't record this either.
        failing.setdefault(Component.JOBS, due_at)
    return [ComponentState(each, failing.get(each)) for each in Component]


async def last_incidents(session: AsyncSession) -> Sequence[Incident]:
    """The last incidents that have ended, the newest first."""
    statement = select(Incident).where(Incident.ended_at.is_not(None))
    return (await session.scalars(statement.order_by(Incident.began_at.desc()).limit(SHOWN))).all()
