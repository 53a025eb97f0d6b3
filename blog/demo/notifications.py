"""Notifications of the demo users about the newest actions of others."""

from sqlalchemy import RowMapping, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments.events import CommentWritten
from blog.core.db.pagination import Rows
from blog.follows.events import PersonFollowed
from blog.models import Comment, Follow, PostLike
from blog.notifications import handlers
from blog.reactions.events import PostLiked

NEWEST = 3_000

_COMMENTS = select(
    Comment.id.label("comment_id"), Comment.post_id, Comment.author_id, Comment.parent_id
).order_by(Comment.id.desc())
_LIKES = select(PostLike.user_id, PostLike.post_id).order_by(PostLike.created_at.desc())
_FOLLOWS = select(Follow.follower_id, Follow.followed_id).order_by(Follow.created_at.desc())
# Makes the notifications of this transaction as old as their causes.
_AGE = (
    """
    UPDATE notification_items AS item SET created_at = coalesce(
        (SELECT created_at FROM comments WHERE id = item.comment_id),
        (SELECT created_at FROM post_likes
         WHERE post_id = item.liked_post_id AND user_id = item.actor_id),
        (SELECT created_at FROM follows
         WHERE followed_id = item.followed_id AND follower_id = item.actor_id)
    )
    WHERE created_at = now()
    """,
    """
    UPDATE notifications SET created_at = newest.created_at
    FROM (SELECT notification_id, max(created_at) AS created_at
          FROM notification_items GROUP BY 1) AS newest
    WHERE notifications.id = newest.notification_id AND notifications.created_at = now()
    """,
)


async def notify(session: AsyncSession) -> None:
    """Notify people of the newest comments, likes and followers; the caller commits."""

    async def newest(rows: Rows) -> list[RowMapping]:
        # The oldest first, because the newest item of a line has the highest id.
        return list((await session.execute(rows.limit(NEWEST))).mappings())[::-1]

    comments = [CommentWritten(**row) for row in await newest(_COMMENTS)]
    likes = [PostLiked(**row) for row in await newest(_LIKES)]
    follows = [PersonFollowed(**row) for row in await newest(_FOLLOWS)]
    await handlers.notify_of_comments(session, comments)
    await handlers.notify_of_likes(session, likes)
    await handlers.notify_of_followers(session, follows)
    for statement in _AGE:
        await session.execute(text(statement))
