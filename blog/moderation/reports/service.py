"""Report posts and comments, and close reports. Each function is one transaction."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments.queries import IS_THERE, comment_by_id
from blog.comments.service import POST_IS_GONE
from blog.core.auth import audit, moderation_log
from blog.core.auth.viewer import ANONYMOUS, Viewer
from blog.core.clock import now
from blog.core.errors import ForbiddenError
from blog.core.events.handlers import record
from blog.core.i18n import lazy_gettext
from blog.models import Act, Comment, Post, Report, ReportState
from blog.moderation.events import CommentReported, PostReported, ReportClosed
from blog.moderation.reports import queries
from blog.moderation.reports.categories import find_category
from blog.moderation.reports.claims import refuse_if_claimed, refuse_if_own
from blog.moderation.reports.schemas import CloseForm, ReportForm
from blog.moderation.service import require_moderator
from blog.posts.policies import unreadable, visible_to
from blog.posts.queries import post_by_id

NOTHING_TO_REPORT = lazy_gettext(
    "This comment doesn't exist. It may have been deleted or disabled."
)
ACTS = {
    ReportState.RESOLVED: Act.RESOLVE_REPORT,
    ReportState.DISMISSED: Act.DISMISS_REPORT,
}


async def report_post(
    session: AsyncSession, reporter: Viewer, post_id: int, form: ReportForm
) -> bool:
    """Report a post to the moderators.

    Returns:
        `False` if this user has reported it before.

    Raises:
        ForbiddenError: the reporter's address is not confirmed.
        NotFoundError: the post doesn't exist (any more).
        GoneError: it is hidden.
        InvalidFieldsError: the chosen rule no longer exists.
    """
    # The lock prevents the deletion of the post until the report is committed.
    post = select(Post.id).where(Post.id == post_id, visible_to(ANONYMOUS))
    if await session.scalar(post.with_for_update(read=True, key_share=True)) is None:
        raise unreadable(await post_by_id(session, post_id), POST_IS_GONE)
    report_id = await _insert_report(session, reporter, form, post_id=post_id)
    if report_id is not None:
        await record(session, PostReported(report_id, post_id, reporter.id))
    await session.commit()
    return report_id is not None


async def report_comment(
    session: AsyncSession, reporter: Viewer, comment_id: int, form: ReportForm
) -> bool:
    """Report a comment to the moderators.

    Returns:
        `False` if this user has reported it before.

    Raises:
        ForbiddenError: the reporter's address is not confirmed.
        NotFoundError: the comment doesn't exist (any more), or is disabled.
        GoneError: its post is hidden.
        InvalidFieldsError: the chosen rule no longer exists.
    """
    # Until this report is committed, the lock also keeps the comment from being turned into an
    # empty row, which deletes its reports.
    comment = (
        select(Comment.id)
        .join(Post)
        .where(
            Comment.id == comment_id, Comment.disabled_at.is_(None), IS_THERE, visible_to(ANONYMOUS)
        )
        .with_for_update(read=True, of=Comment)
    )
    if await session.scalar(comment) is None:
        reported = await comment_by_id(session, comment_id)
        raise unreadable(reported.post if reported else None, NOTHING_TO_REPORT)
    report_id = await _insert_report(session, reporter, form, comment_id=comment_id)
    if report_id is not None:
        await record(session, CommentReported(report_id, comment_id, reporter.id))
    await session.commit()
    return report_id is not None


async def close_report(
    session: AsyncSession, moderator: Viewer, report_id: int, form: CloseForm
) -> Report | None:
    """Close a report.

    Args:
        session: the transaction.
        moderator: the moderator.
        report_id: the report.
        form: the outcome. Its reason is for moderators and the audit log; its answer is emailed to
            the person who made the report.

    Returns:
        The report; `None` if it was already closed, for example by another moderator.

    Raises:
        ForbiddenError: the viewer is not a moderator, or the report is about them.
        NotFoundError: the report was deleted with its subject.
        ConflictError: another moderator has claimed it.
    """
    require_moderator(moderator)
    report = await queries.lock_report(session, report_id)
    await refuse_if_own(session, report, moderator)
    if not report.is_open:
        return None
    refuse_if_claimed(report, moderator)
    state = ReportState(form.outcome)
    report.state, report.closed_at, report.closed_by_id = state, now(), moderator.id
    report.remark, report.answer = form.reason, form.answer or None
    about = {"post": report.post_id} if report.post_id else {"comment": report.comment_id}
    details = about | {"report": report_id, "reason": form.reason}
    entry = audit.record(session, moderator, ACTS[state], report.about.author, **details)
    await record(session, ReportClosed(report_id, report.reporter_id, moderator.id))
    await moderation_log.publish(session, entry)
    await session.commit()
    return report


async def _insert_report(
    session: AsyncSession, reporter: Viewer, form: ReportForm, **about: int
) -> int | None:
    """Insert a report, unless this user has made it before; the caller commits."""
    if not reporter.person.is_confirmed:
        raise ForbiddenError
    category = find_category(form.category)
    return await session.scalar(
        insert(Report)
        .values(
            reporter_id=reporter.id, category=category.key, rule=category.rule,
            reason=form.reason, **about,
        )
        .on_conflict_do_nothing()
        .returning(Report.id)
    )  # fmt: skip
