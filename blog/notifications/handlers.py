"""Handlers of other features' events that notify people."""

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments.events import CommentRemoved, CommentWritten
from blog.core.jobs.queue import enqueue
from blog.follows.events import PersonFollowed
from blog.models import NotificationKind, Permission, PostAlert
from blog.moderation.events import (
    CommentDisabled,
    CommentEnabled,
    CommentReported,
    PostHidden,
    PostReported,
    PostShown,
)
from blog.notifications.jobs import ANNOUNCE_POST
from blog.notifications.writes import columns, notify_statement
from blog.posts.events import PeopleMentioned, PostPublished
from blog.reactions.events import CommentLiked, PostLiked
from blog.transfer.exporting.events import ExportEnded
from blog.transfer.importing.events import ImportEnded

_Moderation = PostHidden | PostShown | CommentDisabled | CommentEnabled | CommentRemoved

# The author of a comment is notified of a reply to it once, even on their own post.
_COMMENTS = notify_statement(
    """
        comments JOIN posts ON posts.id = comments.post_id
        LEFT JOIN comments AS parent ON parent.id = comments.parent_id
        CROSS JOIN LATERAL (
            SELECT 'reply' AS kind, parent.author_id AS user_id, NULL AS post_id,
                parent.id AS comment_id
            WHERE parent.author_id IS NOT NULL
            UNION ALL
            SELECT 'comment', posts.author_id, posts.id, NULL
            WHERE posts.author_id IS DISTINCT FROM parent.author_id
        ) AS told
        WHERE comments.id = ANY(CAST(:comments AS bigint[]))
    """,
    kind="told.kind",
    user_id="told.user_id",
    about_post="told.post_id",
    about_comment="told.comment_id",
    commented=True,
    actor_id="comments.author_id",
    post_id="posts.id",
    comment_id="comments.id",
)
_MENTIONED = (
    "unnest(CAST(:people AS bigint[]), CAST(:authors AS bigint[]), CAST(:posts AS bigint[]),"
    " CAST(:comments AS bigint[])) AS mention (user_id, author_id, post_id, comment_id)"
)
_MENTIONS = notify_statement(
    f"""
        {_MENTIONED}
        WHERE NOT EXISTS (
            SELECT FROM notification_items AS known
            WHERE known.user_id = mention.user_id AND known.comment_id = mention.comment_id
        )
    """,
    kind=NotificationKind.MENTION,
    user_id="mention.user_id",
    actor_id="mention.author_id",
    post_id="mention.post_id",
    comment_id="mention.comment_id",
)
# A mention in a comment replaces the notification of a comment on their post.
_FORGET_MENTIONING = text(f"""
    DELETE FROM notification_items USING notifications, {_MENTIONED}
    WHERE notification_items.user_id = mention.user_id
        AND notification_items.comment_id = mention.comment_id
        AND notifications.id = notification_id AND kind = 'comment' AND read_at IS NULL
""")  # noqa: S608
_LIKES = notify_statement(
    "unnest(CAST(:people AS bigint[]), CAST(:posts AS bigint[])) AS liked (user_id, post_id)"
    " JOIN posts ON posts.id = liked.post_id",
    kind=NotificationKind.LIKE,
    user_id="posts.author_id",
    about_post="posts.id",
    actor_id="liked.user_id",
    post_id="posts.id",
    liked_post_id="posts.id",
)
_LIKES_OF_COMMENTS = notify_statement(
    "unnest(CAST(:people AS bigint[]), CAST(:comments AS bigint[])) AS liked (user_id, comment_id)"
    " JOIN comments ON comments.id = liked.comment_id",
    kind=NotificationKind.LIKE,
    user_id="comments.author_id",
    about_comment="comments.id",
    actor_id="liked.user_id",
    post_id="comments.post_id",
    liked_comment_id="comments.id",
)
_FOLLOWS = notify_statement(
    "unnest(CAST(:followers AS bigint[]), CAST(:followed AS bigint[]))"
    " AS follow (follower_id, followed_id)",
    kind=NotificationKind.FOLLOW,
    user_id="follow.followed_id",
    actor_id="follow.follower_id",
    followed_id="follow.followed_id",
)
_REPORTS = notify_statement(
    "unnest(CAST(:reports AS bigint[]), CAST(:reporters AS bigint[])) AS report (id, reporter_id)"
    " JOIN users ON users.id <> report.reporter_id JOIN roles ON roles.id = users.role_id"
    f" WHERE roles.permissions & {int(Permission.MODERATE)} <> 0 AND users.disabled_at IS NULL"
    # This keeps accounts from being deleted meanwhile.
    " FOR KEY SHARE OF users",
    kind=NotificationKind.REPORT,
    user_id="users.id",
    report_id="report.id",
)
_EXPORTS = notify_statement(
    "unnest(CAST(:people AS bigint[]), CAST(:exports AS bigint[])) AS ended (user_id, id)",
    kind=NotificationKind.EXPORT,
    user_id="ended.user_id",
    export_id="ended.id",
)
_IMPORTS = notify_statement(
    "unnest(CAST(:people AS bigint[]), CAST(:imports AS bigint[])) AS ended (user_id, id)",
    kind=NotificationKind.IMPORT,
    user_id="ended.user_id",
    import_id="ended.id",
)
_ABOUT = (
    "unnest(CAST(:people AS bigint[]), CAST(:posts AS bigint[]), CAST(:about_posts AS bigint[]),"
    " CAST(:comments AS bigint[])) AS changed (user_id, post_id, about_post, comment_id)"
)
_MODERATION = notify_statement(
    _ABOUT,
    kind=NotificationKind.MODERATION,
    user_id="changed.user_id",
    about_post="changed.about_post",
    about_comment="changed.comment_id",
    post_id="changed.post_id",
    comment_id="changed.comment_id",
)
# Earlier moderation of the same post or comment: a line shows only the current state.
_FORGET_MODERATION = text(f"""
    DELETE FROM notifications USING {_ABOUT}
    WHERE notifications.user_id = changed.user_id AND kind = 'moderation'
        AND notifications.post_id IS NOT DISTINCT FROM changed.about_post
        AND notifications.comment_id IS NOT DISTINCT FROM changed.comment_id
""")  # noqa: S608


async def notify_of_comments(session: AsyncSession, events: Sequence[CommentWritten]) -> None:
    """Notify the authors of the posts and of the parent comments."""
    await session.execute(_COMMENTS, columns(events, comments="comment_id"))


async def notify_of_mentions(session: AsyncSession, events: Sequence[PeopleMentioned]) -> None:
    """Notify the people mentioned."""
    mentions = [(user_id, event) for event in events for user_id in event.user_ids]
    parameters = {
        "people": [user_id for user_id, _ in mentions],
        "authors": [event.author_id for _, event in mentions],
        "posts": [event.post_id for _, event in mentions],
        "comments": [event.comment_id for _, event in mentions],
    }
    await session.execute(_FORGET_MENTIONING, parameters)
    await session.execute(_MENTIONS, parameters)


async def notify_of_likes(session: AsyncSession, events: Sequence[PostLiked]) -> None:
    """Notify the authors of the posts."""
    await session.execute(_LIKES, columns(events, people="user_id", posts="post_id"))


async def notify_of_comment_likes(session: AsyncSession, events: Sequence[CommentLiked]) -> None:
    """Notify the authors of the comments."""
    parameters = columns(events, people="user_id", comments="comment_id")
    await session.execute(_LIKES_OF_COMMENTS, parameters)


async def notify_of_followers(session: AsyncSession, events: Sequence[PersonFollowed]) -> None:
    """Notify the people followed."""
    parameters = columns(events, followers="follower_id", followed="followed_id")
    await session.execute(_FOLLOWS, parameters)


async def notify_of_reports(
    session: AsyncSession, events: Sequence[PostReported | CommentReported]
) -> None:
    """Notify the moderators."""
    await session.execute(_REPORTS, columns(events, reports="report_id", reporters="reporter_id"))


async def notify_of_moderated_posts(
    session: AsyncSession, events: Sequence[PostHidden | PostShown]
) -> None:
    """Notify the authors that their posts were hidden or unhidden."""
    await _notify_of_moderation(
        session, [(each, each.post_id, None) for each in events if not _author_knows(each)]
    )


async def notify_of_moderated_comments(
    session: AsyncSession, events: Sequence[CommentDisabled | CommentEnabled | CommentRemoved]
) -> None:
    """Notify the authors that their comments were disabled, removed or enabled."""
    await _notify_of_moderation(
        session, [(each, None, each.comment_id) for each in events if not _author_knows(each)]
    )


async def enqueue_announcements(session: AsyncSession, events: Sequence[PostPublished]) -> None:
    """Enqueue jobs that notify the followers who want to be, if an author has any."""
    authors = {event.author_id for event in events}
    with_alerts = select(PostAlert.followed_id).where(PostAlert.followed_id.in_(authors)).distinct()
    found = set(await session.scalars(with_alerts))
    for event in events:
        if event.author_id in found:
            await enqueue(
                session, ANNOUNCE_POST, key=str(event.post_id), post_id=event.post_id,
                author_id=event.author_id,
            )  # fmt: skip


async def notify_of_exports(session: AsyncSession, events: Sequence[ExportEnded]) -> None:
    """Notify the people whose exports have ended."""
    await session.execute(_EXPORTS, columns(events, people="user_id", exports="export_id"))


async def notify_of_imports(session: AsyncSession, events: Sequence[ImportEnded]) -> None:
    """Notify the people whose imports have ended."""
    await session.execute(_IMPORTS, columns(events, people="user_id", imports="import_id"))


def _author_knows(event: _Moderation) -> bool:
    """Whether the author already knows: they did it, or were notified of everything at once."""
    if isinstance(event, CommentRemoved):
        return event.author_id == event.removed_by
    return event.with_everything or event.author_id == event.moderator_id


async def _notify_of_moderation(
    session: AsyncSession, changes: Sequence[tuple[_Moderation, int | None, int | None]]
) -> None:
    if not changes:
        return
    parameters = {
        "people": [event.author_id for event, _, _ in changes],
        "posts": [event.post_id for event, _, _ in changes],
        "about_posts": [post_id for _, post_id, _ in changes],
        "comments": [comment_id for _, _, comment_id in changes],
    }
    await session.execute(_FORGET_MODERATION, parameters)
    await session.execute(_MODERATION, parameters)
