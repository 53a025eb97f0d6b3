"""Take and lift measures. Each function is one transaction, unless it says otherwise.

The account is locked first, so if two moderators act at once, one learns what the other has done.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.accounts.administrators import LastAdministratorError, lock_administrators
from blog.accounts.events import AccountDisabled, AccountEnabled
from blog.accounts.sessions.service import end_all_access
from blog.core.auth import audit, moderation_log
from blog.core.auth.viewer import ANONYMOUS, Viewer
from blog.core.clock import now
from blog.core.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.events.handlers import record
from blog.core.i18n import lazy_gettext
from blog.core.jobs.queue import enqueue
from blog.models import Act, AuditEntry, Comment, Measure, MeasureKind, Post, User
from blog.models.account_deletion import not_deleted
from blog.moderation.events import MeasureLifted, MeasureTaken
from blog.moderation.measures import mails
from blog.moderation.measures.jobs import HIDE_EVERYTHING, SHOW_EVERYTHING
from blog.moderation.measures.policies import may_take_measures
from blog.moderation.measures.schemas import MeasureForm
from blog.moderation.rules import Grounds, Snapshot
from blog.posts.policies import visible_to
from blog.tags.jobs import recount_tags

NO_SUCH_PERSON = lazy_gettext("This user doesn't exist.")
NO_SUCH_MEASURE = lazy_gettext("This decision doesn't exist.")
IS_IN_FORCE = lazy_gettext("This is already in force.")
PREVENT_WRITING = {MeasureKind.PAUSE, MeasureKind.DISABLE}
ACTS = {
    MeasureKind.REMIND: Act.REMIND,
    MeasureKind.HIDE_ALL: Act.HIDE_ALL,
    MeasureKind.LIMIT: Act.LIMIT,
    MeasureKind.PAUSE: Act.PAUSE,
    MeasureKind.DISABLE: Act.DISABLE,
}
LIFTING_ACTS = {
    MeasureKind.HIDE_ALL: Act.SHOW_ALL,
    MeasureKind.LIMIT: Act.UNLIMIT,
    MeasureKind.PAUSE: Act.UNPAUSE,
    MeasureKind.DISABLE: Act.ENABLE,
}


async def take_measure(
    session: AsyncSession, moderator: Viewer, person_id: int, form: MeasureForm,
    rule: Snapshot | None, *, submission: UUID | None = None,
) -> Measure:  # fmt: skip
    """Take a measure against a person, and email them.

    Args:
        submission: the idempotency key; the same form sent twice takes one measure.

    Raises:
        ForbiddenError: the viewer may not take measures against this person.
        NotFoundError: the account doesn't exist (any more).
        InvalidFieldsError: the measure is already in force.
        LastAdministratorError: there would be no administrator.
    """
    person = await lock_person(session, person_id)
    if not may_take_measures(moderator, person):
        raise ForbiddenError
    if submission is not None:
        same = select(Measure).where(Measure.submission == submission)
        if (taken := await session.scalar(same)) is not None:
            return taken
    kind = MeasureKind(form.kind)
    active = await _active_measures(session, person_id, kind)
    until = form.end if kind is MeasureKind.PAUSE else None
    if any(measure.until == until for measure in active) and not (
        kind is MeasureKind.HIDE_ALL and await _has_written_since(session, active)
    ):
        raise InvalidFieldsError({"kind": IS_IN_FORCE})
    # Two administrators may pause or disable each other at the same time.
    if kind in PREVENT_WRITING and await lock_administrators(session) == {person_id}:
        raise LastAdministratorError("kind")
    if kind is MeasureKind.PAUSE:  # The new pause replaces the earlier one.
        for earlier in active:
            earlier.ended_at = now()
    measure = await add_measure(
        session, moderator, person, kind, Grounds(form.reason, rule), until=until
    )
    measure.submission = submission
    details = {"until": until.date().isoformat()} if until else {}
    entry = audit.record(session, moderator, ACTS[kind], person, reason=form.reason, **details)
    await _apply(session, person, measure)
    if kind is not MeasureKind.DISABLE:  # Disabling has its own event.
        await record(session, MeasureTaken(measure.id, person.id, moderator.id))
    await moderation_log.publish(session, entry, rule)
    await session.commit()
    return measure


async def add_measure(
    session: AsyncSession, moderator: Viewer, person: User, kind: MeasureKind, grounds: Grounds, *,
    until: datetime | None = None, post_id: int | None = None, comment_id: int | None = None,
    title: str | None = None,
) -> Measure:  # fmt: skip
    """Add the record of a measure, and email the person; the caller commits.

    Args:
        title: the title of the post, for the email.
    """
    measure = Measure(
        person_id=person.id, moderator_id=moderator.id or None, kind=kind, rule=grounds.rule,
        reason=grounds.reason, until=until, post_id=post_id, comment_id=comment_id,
    )  # fmt: skip
    session.add(measure)
    await session.flush()
    if person.id != moderator.id:
        await mails.mail_measure(session, person, measure, title)
    return measure


async def lift_measure(
    session: AsyncSession, moderator: Viewer, measure_id: int, reason: str
) -> bool:
    """End a measure before its time.

    Returns:
        `False` if it has already ended.

    Raises:
        ForbiddenError: the viewer may not take measures against this person.
        NotFoundError: the measure doesn't exist (any more).
    """
    measure = await lock_measure(session, measure_id)
    if not may_take_measures(moderator, measure.person):
        raise ForbiddenError
    if not measure.is_active or measure.kind not in LIFTING_ACTS:
        return False
    entry = await lift(session, moderator, measure, reason)
    await moderation_log.publish(session, entry, measure.rule)
    await session.commit()
    return True


async def lift(
    session: AsyncSession, moderator: Viewer, measure: Measure, reason: str
) -> AuditEntry:
    """End a locked measure; the caller publishes the entry and commits."""
    person = measure.person
    measure.ended_at = now()
    entry = audit.record(session, moderator, LIFTING_ACTS[measure.kind], person, reason=reason)
    if measure.kind == MeasureKind.HIDE_ALL:
        await enqueue(session, SHOW_EVERYTHING, key=str(measure.id), measure_id=measure.id)
    elif measure.kind == MeasureKind.LIMIT:
        person.limited_at = None
        await recount_tags(session, person.id)
    elif measure.kind == MeasureKind.PAUSE:
        person.paused_until = None
    elif not await _active_measures(session, person.id, measure.kind):
        person.disabled_at = None
        await record(session, AccountEnabled(person.id))
        return entry
    await record(session, MeasureLifted(measure.id, person.id, moderator.id))
    return entry


async def lock_person(session: AsyncSession, person_id: int) -> User:
    """Load and lock an account, with its role.

    Raises:
        NotFoundError: it doesn't exist (any more).
    """
    person = await session.scalar(
        select(User)
        .where(User.id == person_id, not_deleted(User.id))
        .options(joinedload(User.role, innerjoin=True))
        .with_for_update(of=User, key_share=True)
        .execution_options(populate_existing=True)
    )
    if person is None:
        raise NotFoundError(NO_SUCH_PERSON)
    return person


async def lock_measure(session: AsyncSession, measure_id: int) -> Measure:
    """Load and lock a measure, after the account that it is about.

    Raises:
        NotFoundError: the measure doesn't exist (any more).
    """
    person_id = await session.scalar(select(Measure.person_id).where(Measure.id == measure_id))
    if person_id is None:
        raise NotFoundError(NO_SUCH_MEASURE)
    await lock_person(session, person_id)
    measure = await session.scalar(
        select(Measure)
        .where(Measure.id == measure_id)
        .options(
            joinedload(Measure.person, innerjoin=True).joinedload(User.role, innerjoin=True),
            joinedload(Measure.appeal),
        )
        .with_for_update(of=Measure)
        .execution_options(populate_existing=True)
    )
    if measure is None:
        raise NotFoundError(NO_SUCH_MEASURE)
    return measure


async def _active_measures(
    session: AsyncSession, person_id: int, kind: MeasureKind
) -> list[Measure]:
    of_kind = select(Measure).where(Measure.person_id == person_id, Measure.kind == kind)
    found = await session.scalars(of_kind.where(Measure.ended_at.is_(None)))
    return [measure for measure in found if measure.is_active]


async def _has_written_since(session: AsyncSession, measures: Sequence[Measure]) -> bool:
    """Whether the person has published a post or comment since these measures were taken."""
    taken, person_id = max(each.created_at for each in measures), measures[0].person_id
    post = select(Post.id).where(
        Post.author_id == person_id, visible_to(ANONYMOUS), Post.published_at > taken
    )
    comment = (
        select(Comment.created_at).where(Comment.author_id == person_id).order_by(Comment.id.desc())
    )
    if await session.scalar(post.limit(1)) is not None:
        return True
    newest = await session.scalar(comment.limit(1))
    return newest is not None and newest > taken


async def _apply(session: AsyncSession, person: User, measure: Measure) -> None:
    if measure.kind == MeasureKind.HIDE_ALL:
        await enqueue(session, HIDE_EVERYTHING, key=str(measure.id), measure_id=measure.id)
    elif measure.kind == MeasureKind.LIMIT:
        person.limited_at = now()
        await recount_tags(session, person.id)
    elif measure.kind == MeasureKind.PAUSE:
        person.paused_until = measure.until
    elif measure.kind == MeasureKind.DISABLE:
        person.disabled_at = now()
        await record(session, AccountDisabled(person.id))
        await session.flush()
        await end_all_access(session, person)


async def end_measures(session: AsyncSession, *which: ColumnElement[bool]) -> None:
    """Mark measures as ended; the caller commits."""
    ended = update(Measure).where(Measure.ended_at.is_(None), *which).values(ended_at=now())
    await session.execute(ended.execution_options(synchronize_session=False))
