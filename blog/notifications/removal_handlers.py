"""Handlers of other features' events that delete notifications.

Most deletions need no handler: a deleted row takes its notifications with it (`NotificationItem`).
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.admin.events import RoleChanged
from blog.blocks.events import PersonBlocked, PersonMuted, WordHidden
from blog.comments.events import CommentDeleted, CommentRemoved
from blog.core.clock import now
from blog.core.jobs.queue import enqueue
from blog.models import Permission
from blog.moderation.events import (
    CommentDisabled,
    PostHidden,
    ReportClosed,
)
from blog.notifications.hidden_words import retract_hidden
from blog.notifications.jobs import TAKE_BACK_HIDDEN_WORDS
from blog.notifications.writes import columns
from blog.posts.events import PostUnpublished

# Longer than any transaction that notifies people.
RETRY_AFTER = timedelta(minutes=1)
_FORGET_POSTS = text("""
    DELETE FROM notification_items
    USING unnest(CAST(:posts AS bigint[]), CAST(:authors AS bigint[])) AS hidden (id, author_id)
    WHERE post_id = hidden.id AND user_id <> hidden.author_id
""")
_FORGET_COMMENTS = text("""
    DELETE FROM notification_items
    USING unnest(CAST(:comments AS bigint[]), CAST(:authors AS bigint[])) AS hidden (id, author_id)
    WHERE comment_id = hidden.id AND user_id <> hidden.author_id
""")
_FORGET_DELETED = text("""
    DELETE FROM notification_items WHERE comment_id = ANY(CAST(:comments AS bigint[]))
""")
_FORGET_SUBJECTS = text("""
    DELETE FROM notifications WHERE comment_id = ANY(CAST(:comments AS bigint[]))
""")
_FORGET_REPORTS = text("""
    DELETE FROM notification_items WHERE report_id = ANY(CAST(:reports AS bigint[]))
""")
_FORGET_REPORTS_OF_OTHERS = text(f"""
    DELETE FROM notifications USING users JOIN roles ON roles.id = users.role_id
    WHERE notifications.user_id = users.id AND users.id = ANY(CAST(:people AS bigint[]))
        AND kind = 'report' AND roles.permissions & {int(Permission.MODERATE)} = 0
""")  # noqa: S608
_FORGET_PEOPLE = text("""
    DELETE FROM notification_items
    USING unnest(CAST(:people AS bigint[]), CAST(:hidden AS bigint[])) AS pair (user_id, hidden_id)
    WHERE notification_items.user_id = pair.user_id AND actor_id = pair.hidden_id
""")


async def forget_unreadable_posts(
    session: AsyncSession, events: Sequence[PostHidden | PostUnpublished]
) -> None:
    """Delete readers' notifications about posts that they can no longer read."""
    await session.execute(_FORGET_POSTS, columns(events, posts="post_id", authors="author_id"))


async def forget_disabled_comments(
    session: AsyncSession, events: Sequence[CommentDisabled | CommentRemoved]
) -> None:
    """Delete the notifications of everyone but the authors."""
    parameters = columns(events, comments="comment_id", authors="author_id")
    await session.execute(_FORGET_COMMENTS, parameters)


async def forget_deleted_comments(session: AsyncSession, events: Sequence[CommentDeleted]) -> None:
    """Delete notifications about comments that left an empty row, and about their replies and
    likes."""
    parameters = columns(events, comments="comment_id")
    await session.execute(_FORGET_DELETED, parameters)
    await session.execute(_FORGET_SUBJECTS, parameters)


async def forget_closed_reports(session: AsyncSession, events: Sequence[ReportClosed]) -> None:
    """Delete the moderators' notifications about closed reports."""
    await session.execute(_FORGET_REPORTS, columns(events, reports="report_id"))


async def forget_reports_of_former_moderators(
    session: AsyncSession, events: Sequence[RoleChanged]
) -> None:
    """Delete notifications about reports that people got while they were moderators."""
    await session.execute(_FORGET_REPORTS_OF_OTHERS, columns(events, people="user_id"))


async def forget_muted_people(session: AsyncSession, events: Sequence[PersonMuted]) -> None:
    """Delete notifications about people who are muted now."""
    await session.execute(_FORGET_PEOPLE, columns(events, people="user_id", hidden="muted_id"))


async def forget_blocked_people(session: AsyncSession, events: Sequence[PersonBlocked]) -> None:
    """Delete the notifications of both people about each other."""
    blocking, blocked = [each.user_id for each in events], [each.blocked_id for each in events]
    parameters = {"people": blocking + blocked, "hidden": blocked + blocking}
    await session.execute(_FORGET_PEOPLE, parameters)


async def forget_hidden_words(session: AsyncSession, events: Sequence[WordHidden]) -> None:
    """Delete notifications about texts with a word or tag that people hide now.

    A text that is just being written can't be seen yet, and its notifications were decided before,
    so a job does this again once its transaction must have ended.
    """
    await retract_hidden(session, [event.user_id for event in events])
    for event in events:
        await enqueue(
            session, TAKE_BACK_HIDDEN_WORDS, key=str(event.user_id), at=now() + RETRY_AFTER,
            user_id=event.user_id,
        )  # fmt: skip
