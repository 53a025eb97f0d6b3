"""Remember texts that moderators hide, so that similar ones are held, until they are unhidden."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import Comment, Post, RemovedText
from blog.moderation.events import CommentDisabled, CommentEnabled, PostHidden, PostShown
from blog.posts.review import content_of_post
from blog.review.content import Content
from blog.review.rules import reading_of
from blog.review.similarity import forget, remember


async def remember_hidden_posts(session: AsyncSession, events: Sequence[PostHidden]) -> None:
    """Remember the texts of posts."""
    posts = select(Post).where(Post.id.in_([event.post_id for event in events])).order_by(Post.id)
    for post in await session.scalars(posts):
        content = content_of_post(post)
        await remember(session, reading_of(content), post_id=post.id)


async def remember_disabled_comments(
    session: AsyncSession, events: Sequence[CommentDisabled]
) -> None:
    """Remember the texts of comments."""
    ids = [event.comment_id for event in events]
    texts = select(Comment.id, Comment.body_html).where(Comment.id.in_(ids)).order_by(Comment.id)
    for comment_id, html in await session.execute(texts):
        await remember(session, reading_of(Content(html)), comment_id=comment_id)


async def forget_shown_posts(session: AsyncSession, events: Sequence[PostShown]) -> None:
    """Forget the texts of posts that were unhidden."""
    await forget(session, RemovedText.post_id.in_([event.post_id for event in events]))


async def forget_enabled_comments(session: AsyncSession, events: Sequence[CommentEnabled]) -> None:
    """Forget the texts of comments that were enabled."""
    await forget(session, RemovedText.comment_id.in_([event.comment_id for event in events]))
