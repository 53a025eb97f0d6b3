"""Moderation actions on comments and posts. Each function is one transaction.

Each returns `False` if there was nothing to do, for example because another moderator was faster.
Rows are locked in the order posts, comments, reports, users.
"""

from typing import TypeVar

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.comments.queries import lock_post_of
from blog.comments.service import COMMENT_IS_GONE, POST_IS_GONE
from blog.core.auth import audit, moderation_log
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import ForbiddenError, NotFoundError
from blog.core.events.handlers import record
from blog.core.i18n import LazyText, lazy_gettext
from blog.models import (
    Act,
    AuditEntry,
    Comment,
    Measure,
    MeasureItem,
    MeasureKind,
    Permission,
    Post,
    Report,
    ReportState,
)
from blog.models.account_deletion import not_deleted
from blog.moderation.events import (
    CommentDisabled,
    CommentEnabled,
    PostHidden,
    PostShown,
    ReportClosed,
)
from blog.moderation.measures.service import add_measure, end_measures
from blog.moderation.rules import Grounds, Snapshot
from blog.posts.mentions import notify_mentioned
from blog.posts.policies import may_moderate_post

ABOUT_ONESELF = lazy_gettext("This is about you. Another moderator decides.")
Row = TypeVar("Row", Comment, Post)


async def disable_comment(
    session: AsyncSession, moderator: Viewer, comment_id: int, reason: str,
    rule: Snapshot | None = None,
) -> bool:  # fmt: skip
    """Hide a comment's text from everyone but its author and moderators, notify the author, and
    resolve the reports about it.

    Args:
        rule: the rule that this is based on.

    Raises:
        ForbiddenError: the viewer is not a moderator, or wrote it.
        NotFoundError: the comment doesn't exist (any more).
    """
    await lock_post_of(session, comment_id)
    comment = await _lock_row(session, moderator, Comment, comment_id, COMMENT_IS_GONE)
    if comment.is_disabled:
        return False
    comment.disabled_at, comment.disabled_by_id = now(), moderator.id
    comment.disabled_reason = reason
    await _resolve_reports(session, moderator, reason, Report.comment_id == comment_id)
    entry = _audit_comment(session, moderator, Act.DISABLE_COMMENT, comment, reason)
    await add_measure(
        session,
        moderator,
        comment.author,
        MeasureKind.HIDE,
        Grounds(reason, rule),
        comment_id=comment_id,
    )
    await record(
        session, CommentDisabled(comment_id, comment.post_id, comment.author_id, moderator.id)
    )
    await moderation_log.publish(session, entry, rule)
    await session.commit()
    return True


async def enable_comment(
    session: AsyncSession, moderator: Viewer, comment_id: int, reason: str,
    rule: Snapshot | None = None,
) -> bool:  # fmt: skip
    """Show a disabled comment's text again.

    Raises:
        ForbiddenError: the viewer is not a moderator, or wrote it.
        NotFoundError: the comment doesn't exist (any more).
    """
    if (entry := await restore_comment(session, moderator, comment_id, reason)) is None:
        return False
    await moderation_log.publish(session, entry, rule)
    await session.commit()
    return True


async def restore_comment(
    session: AsyncSession, moderator: Viewer, comment_id: int, reason: str
) -> AuditEntry | None:
    """Like `enable_comment`; the caller publishes the entry and commits."""
    await lock_post_of(session, comment_id)
    comment = await _lock_row(session, moderator, Comment, comment_id, COMMENT_IS_GONE)
    if not comment.is_disabled:
        return None
    comment.disabled_at = comment.disabled_by_id = comment.disabled_reason = None
    entry = _audit_comment(session, moderator, Act.ENABLE_COMMENT, comment, reason)
    await end_measures(session, Measure.comment_id == comment_id)
    await session.execute(delete(MeasureItem).where(MeasureItem.comment_id == comment_id))
    await record(
        session, CommentEnabled(comment_id, comment.post_id, comment.author_id, moderator.id)
    )
    await notify_mentioned(session, comments=[comment_id])
    return entry


async def hide_post(
    session: AsyncSession, moderator: Viewer, post_id: int, reason: str,
    rule: Snapshot | None = None,
) -> bool:  # fmt: skip
    """Hide a post from everyone but its author and moderators, notify the author, and resolve the
    reports about it.

    Args:
        rule: the rule that this is based on.

    Raises:
        ForbiddenError: the viewer is not a moderator, or wrote it.
        NotFoundError: the post doesn't exist (any more).
    """
    post = await lock_post(session, moderator, post_id)
    if post.hidden_at is not None:
        return False
    post.hidden_at, post.hidden_reason = now(), reason
    await _resolve_reports(session, moderator, reason, Report.post_id == post_id)
    about = {"post": post_id, "reason": reason}
    entry = audit.record(session, moderator, Act.HIDE_POST, post.author, **about)
    await add_measure(
        session, moderator, post.author, MeasureKind.HIDE, Grounds(reason, rule), post_id=post_id,
        title=post.title,
    )  # fmt: skip
    await record(session, PostHidden(post_id, post.author_id, moderator.id))
    await moderation_log.publish(session, entry, rule)
    await session.commit()
    return True


async def show_post(
    session: AsyncSession, moderator: Viewer, post_id: int, reason: str,
    rule: Snapshot | None = None,
) -> bool:  # fmt: skip
    """Show a hidden post again.

    Raises:
        ForbiddenError: the viewer is not a moderator, or wrote it.
        NotFoundError: the post doesn't exist (any more).
    """
    if (entry := await restore_post(session, moderator, post_id, reason)) is None:
        return False
    await moderation_log.publish(session, entry, rule)
    await session.commit()
    return True


async def restore_post(
    session: AsyncSession, moderator: Viewer, post_id: int, reason: str
) -> AuditEntry | None:
    """Like `show_post`; the caller publishes the entry and commits."""
    post = await lock_post(session, moderator, post_id)
    if post.hidden_at is None:
        return None
    post.hidden_at = post.hidden_reason = None
    about = {"post": post_id, "reason": reason}
    entry = audit.record(session, moderator, Act.SHOW_POST, post.author, **about)
    await end_measures(session, Measure.post_id == post_id)
    await session.execute(delete(MeasureItem).where(MeasureItem.post_id == post_id))
    await record(session, PostShown(post_id, post.author_id, moderator.id))
    await notify_mentioned(session, posts=[post_id])
    return entry


def require_moderator(viewer: Viewer) -> None:
    """Require the permission to moderate.

    Raises:
        ForbiddenError: the viewer is not a moderator.
    """
    if not viewer.can(Permission.MODERATE):
        raise ForbiddenError


async def _lock_row(
    session: AsyncSession,
    moderator: Viewer,
    table: type[Row],
    row_id: int,
    gone_text: str | LazyText,
) -> Row:
    """Load and lock a comment or post of another person, with its author."""
    require_moderator(moderator)
    row = await session.scalar(
        select(table)
        .where(table.id == row_id, not_deleted(table.author_id))
        .options(joinedload(table.author, innerjoin=True))
        .with_for_update(key_share=True, of=table)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFoundError(gone_text)
    if row.author_id == moderator.id:
        raise ForbiddenError(ABOUT_ONESELF)
    return row


async def lock_post(session: AsyncSession, moderator: Viewer, post_id: int) -> Post:
    """Load and lock a post that the moderator may hide or show, with its author.

    Raises:
        ForbiddenError: the viewer is not a moderator, or wrote it.
        NotFoundError: the post doesn't exist (any more), or is a draft.
    """
    post = await _lock_row(session, moderator, Post, post_id, POST_IS_GONE)
    if not may_moderate_post(moderator, post):
        raise NotFoundError(POST_IS_GONE)
    return post


async def _resolve_reports(
    session: AsyncSession, moderator: Viewer, reason: str, about: ColumnElement[bool]
) -> None:
    resolved = await session.execute(
        update(Report)
        .where(about, Report.closed_at.is_(None))
        .values(
            state=ReportState.RESOLVED, closed_at=now(), closed_by_id=moderator.id, remark=reason
        )
        .returning(Report.id, Report.reporter_id)
        .execution_options(synchronize_session=False)
    )
    if closed := [ReportClosed(*report, moderator.id) for report in resolved]:
        await record(session, *closed)


def _audit_comment(
    session: AsyncSession, moderator: Viewer, act: Act, comment: Comment, reason: str
) -> AuditEntry:
    about = {"post": comment.post_id, "comment": comment.id}
    return audit.record(session, moderator, act, comment.author, **about, reason=reason)
