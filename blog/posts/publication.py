"""Publishing the posts whose time has come."""

from datetime import datetime

from sqlalchemy import literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.events.handlers import record
from blog.models import Post, PostStatus, User
from blog.models.account_deletion import not_deleted
from blog.posts.events import PostPublished

POSTS_AT_ONCE = 100


async def publish_due_posts(session: AsyncSession, moment: datetime) -> int:
    """Publish up to a hundred posts that were scheduled for `moment` or earlier; commits.

    Each is published once, even if several workers do this at the same time. It keeps the time for
    which it was scheduled, however late that is.

    Returns:
        How many were published; there may be more until it is none.
    """
    # The status is written out, so that the planner sees that the partial index has it.
    due = (
        select(Post.id, Post.author_id)
        .where(Post.status == literal_column("'scheduled'"), Post.published_at <= moment)
        .where(not_deleted(Post.author_id))
        .order_by(Post.published_at, Post.id)
        .limit(POSTS_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    posts = (await session.execute(due)).all()
    if not posts:
        return 0
    # The triggers count post by post. All authors are locked before the first of the days, as by
    # everybody.
    authors = select(User.id).where(User.id.in_({post.author_id for post in posts}))
    await session.execute(authors.order_by(User.id).with_for_update(key_share=True))
    await session.execute(
        update(Post)
        .where(Post.id.in_([post.id for post in posts]))
        .values(status=PostStatus.PUBLISHED)
        .execution_options(synchronize_session=False)
    )
    await record(session, *(PostPublished(post.id, post.author_id) for post in posts))
    await session.commit()
    return len(posts)
