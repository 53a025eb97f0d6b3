"""Make and decide appeals against measures. Each function is one transaction."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments.queries import lock_post_of
from blog.core.auth import audit, moderation_log
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.events.handlers import record
from blog.core.i18n import lazy_gettext
from blog.models import Act, Appeal, Measure, MeasureKind, Post
from blog.moderation import service as moderation
from blog.moderation.events import AppealDecided, AppealMade
from blog.moderation.measures import mails
from blog.moderation.measures.policies import may_decide_appeal
from blog.moderation.measures.queries import disabling_measure, has_another_moderator
from blog.moderation.measures.service import lift, lock_measure
from blog.moderation.service import require_moderator

# The time required by Article 20 of the Digital Services Act (EU 2022/2065).
APPEALS_FOR = timedelta(days=183)
NO_SUCH_MEASURE = lazy_gettext("This decision doesn't exist.")
NO_SUCH_APPEAL = lazy_gettext("Nobody has appealed against this decision.")
TOO_LATE = lazy_gettext("The six months to appeal have passed.")
ONLY_ONCE = lazy_gettext("You've already appealed. You'll get an answer by email.")
OWN_MEASURE = lazy_gettext("This was your decision. Another moderator decides the appeal.")
ABOUT_ONESELF = lazy_gettext("This is about you. Another moderator decides the appeal.")


async def mail_appeal_link(session: AsyncSession, email: str) -> None:
    """Email the link to the person with this address, if their account is disabled."""
    if (measure := await disabling_measure(session, email)) is not None:
        await mails.mail_measure(session, measure.person, measure)
        await session.commit()


def is_too_late(measure: Measure) -> bool:
    """Whether the time for an appeal is over."""
    return measure.created_at + APPEALS_FOR < now()


async def make_appeal(session: AsyncSession, measure_id: int, text: str) -> None:
    """Appeal against a measure, once. The caller has identified the person.

    Raises:
        NotFoundError: the measure doesn't exist (any more).
        InvalidFieldsError: they have already appealed, or it is too late.
    """
    measure = await lock_measure(session, measure_id)
    if measure.appeal is not None:
        raise InvalidFieldsError({"": ONLY_ONCE})
    if is_too_late(measure):
        raise InvalidFieldsError({"": TOO_LATE})
    session.add(Appeal(measure_id=measure_id, text=text))
    await record(session, AppealMade(measure_id, measure.person_id))
    await session.commit()


async def decide_appeal(
    session: AsyncSession, moderator: Viewer, measure_id: int, answer: str, *, is_granted: bool
) -> bool:
    """Decide an appeal, and email the answer to the person. If it is granted, the measure ends.

    Returns:
        `False` if another moderator has already decided it.

    Raises:
        ForbiddenError: the viewer is not a moderator.
        NotFoundError: the appeal doesn't exist (any more).
        InvalidFieldsError: the viewer took the measure, or it is about them.
    """
    require_moderator(moderator)
    await _lock_subject(session, measure_id)
    measure = await lock_measure(session, measure_id)
    appeal = measure.appeal
    if appeal is None:
        raise NotFoundError(NO_SUCH_APPEAL)
    if appeal.decided_at is not None:
        return False
    has_another = await has_another_moderator(session, measure)
    if not may_decide_appeal(moderator, measure, has_another=has_another):
        is_own = moderator.id == measure.moderator_id
        raise InvalidFieldsError({"": OWN_MEASURE if is_own else ABOUT_ONESELF})
    appeal.decided_at, appeal.decided_by_id = now(), moderator.id
    appeal.is_granted, appeal.answer = is_granted, answer
    if is_granted and measure.is_active:
        await _end_measure(session, moderator, measure, answer)
    act = Act.GRANT_APPEAL if is_granted else Act.REJECT_APPEAL
    details = {"measure": measure_id, "reason": answer}
    entry = audit.record(session, moderator, act, measure.person, **details)
    await session.flush()
    await mails.mail_decision(session, measure.person, measure)
    await record(session, AppealDecided(measure_id, measure.person_id, moderator.id, is_granted))
    await moderation_log.publish(session, entry, measure.rule)
    await session.commit()
    return True


async def _lock_subject(session: AsyncSession, measure_id: int) -> None:
    """Lock the hidden post or comment before the account, in the order that all writers follow."""
    subject = select(Measure.post_id, Measure.comment_id).where(Measure.id == measure_id)
    for post_id, comment_id in await session.execute(subject):
        if post_id is not None:
            post = select(Post.id).where(Post.id == post_id)
            await session.execute(post.with_for_update(key_share=True))
        elif comment_id is not None:
            await lock_post_of(session, comment_id)


async def _end_measure(
    session: AsyncSession, moderator: Viewer, measure: Measure, answer: str
) -> None:
    """End the measure. The log gets no entry for this, because the decision has one."""
    if measure.kind != MeasureKind.HIDE:
        await lift(session, moderator, measure, answer)
    elif measure.post_id is not None:
        await moderation.restore_post(session, moderator, measure.post_id, answer)
    elif measure.comment_id is not None:
        await moderation.restore_comment(session, moderator, measure.comment_id, answer)
