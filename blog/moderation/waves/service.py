"""Acting on a wave of accounts, and taking that back.

What an act does is recorded as measures, as if a moderator had done it one by one; it remembers
which, and takes back only those that are still in force. Jobs do it in small transactions; each
locks the act first, so nothing is done any more once it is taken back.
"""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth import audit, moderation_log
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.queue import enqueue
from blog.core.web.submissions import submission_key
from blog.models import Act, BulkAct, BulkActPerson
from blog.moderation.rules import Snapshot
from blog.moderation.service import ABOUT_ONESELF, require_moderator
from blog.moderation.waves import queries
from blog.moderation.waves.schemas import NOBODY, WaveForm

UNDOABLE_FOR = timedelta(days=30)
NO_SUCH_ACT = lazy_gettext("This doesn't exist.")
TOO_LATE = lazy_gettext("The 30 days to undo this have passed.")


async def begin(
    session: AsyncSession, moderator: Viewer, form: WaveForm, rule: Snapshot | None, job: JobKind
) -> int:
    """Begin an act on a wave: a job carries it out. The same form sent twice begins one.

    Args:
        job: the kind of job.

    Returns:
        The id of the act.

    Raises:
        ForbiddenError: the viewer is not a moderator.
        InvalidFieldsError: there is nobody to act on.
    """
    require_moderator(moderator)
    extent = await queries.extent(session, form.names, form.beginning)
    if not extent.people:
        raise InvalidFieldsError({"names": NOBODY})
    key = submission_key(form, moderator.id, form.model_dump_json(exclude={"submission"}))
    added = insert(BulkAct).values(
        moderator_id=moderator.id or None, since=form.beginning, hides=form.hides,
        disables=form.disables, refuses=form.refuses, reason=form.reason, rule=rule, submission=key,
    )  # fmt: skip
    act_id: int | None = await session.scalar(added.on_conflict_do_nothing().returning(BulkAct.id))
    if act_id is None:
        sent_before = select(BulkAct.id).where(BulkAct.submission == key)
        return (await session.scalars(sent_before)).one()
    session.add_all(BulkActPerson(bulk_act_id=act_id, user_id=user.id) for user in extent.people)
    counts = {
        "accounts": len(extent.people),
        **({"posts": extent.posts, "comments": extent.comments} if form.hides else {}),
        **({"held": extent.held} if form.refuses else {}),
    }
    entry = audit.record(
        session, moderator, Act.BULK_ACT, None, bulk=act_id, **counts, reason=form.reason
    )
    await enqueue(session, job, key=f"act {act_id}", act_id=act_id)
    await moderation_log.publish(session, entry, rule)
    await session.commit()
    return act_id


async def undo(session: AsyncSession, moderator: Viewer, act_id: int, job: JobKind) -> bool:
    """Take an act back: a job puts back what it has changed, and what nobody has changed since.

    Args:
        job: the kind of job.

    Returns:
        `False` if that was done already.

    Raises:
        ForbiddenError: the viewer is not a moderator, or was one of the people acted on.
        NotFoundError: there is no such act.
        InvalidFieldsError: it is too late.
    """
    require_moderator(moderator)
    act = await locked_act(session, act_id)
    if act is None:
        raise NotFoundError(NO_SUCH_ACT)
    if await session.get(BulkActPerson, (act_id, moderator.id)) is not None:
        raise ForbiddenError(ABOUT_ONESELF)
    if act.undone_at is not None:
        return False
    if act.created_at + UNDOABLE_FOR < now():
        raise InvalidFieldsError({"": TOO_LATE})
    act.undone_at, act.undone_by_id = now(), moderator.id or None
    done = await queries.progress(session, act_id)
    counts = {"accounts": done.people, "posts": done.posts, "comments": done.comments}
    entry = audit.record(session, moderator, Act.UNDO_BULK_ACT, None, bulk=act.id, **counts)
    await enqueue(session, job, key=f"undo {act_id}", act_id=act_id)
    await moderation_log.publish(session, entry, act.rule)
    await session.commit()
    return True


async def locked_act(session: AsyncSession, act_id: int) -> BulkAct | None:
    """Load and lock an act."""
    act = select(BulkAct).where(BulkAct.id == act_id).with_for_update()
    return await session.scalar(act.execution_options(populate_existing=True))


async def next_person(session: AsyncSession, act: BulkAct) -> int | None:
    """The id of the next person that the job has to act on; `None` if it is through."""
    left = select(BulkActPerson.user_id).where(
        BulkActPerson.bulk_act_id == act.id, BulkActPerson.done_at.is_(None)
    )
    return await session.scalar(left.order_by(BulkActPerson.user_id).limit(1))


async def note_done(session: AsyncSession, act: BulkAct, person_id: int) -> None:
    """Note that the job is through with a person."""
    await session.execute(
        update(BulkActPerson)
        .where(BulkActPerson.bulk_act_id == act.id, BulkActPerson.user_id == person_id)
        .values(done_at=now())
        .execution_options(synchronize_session=False)
    )
