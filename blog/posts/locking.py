"""Lock a post that is going to be changed."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlalchemy.orm.attributes import set_committed_value

from blog.core.auth.viewer import Viewer
from blog.core.errors import ForbiddenError
from blog.core.i18n import lazy_gettext
from blog.models import Post, User
from blog.models.account_deletion import not_deleted
from blog.posts.policies import may_change_post, may_read_post, unreadable

POST_IS_GONE = lazy_gettext("This post doesn't exist. It may have been deleted.")


class Parts(NamedTuple):
    """The data of a post in other tables, and the start time of the transaction."""

    tags: list[str]
    cover_facts: Any
    transaction_time: datetime


async def lock_post(session: AsyncSession, viewer: Viewer, post_id: int) -> Post:
    """Lock a post until the end of the transaction, and return its current state.

    Raises:
        NotFoundError: the post doesn't exist (any more).
        GoneError: a moderator has hidden it.
        ForbiddenError: this person may not change it.
    """
    post, _ = await lock_post_with_parts(session, viewer, post_id)
    return post


async def lock_post_with_parts(
    session: AsyncSession, viewer: Viewer, post_id: int
) -> tuple[Post, Parts]:
    """Like `lock_post`, but also return the parts, which are already set on the post."""
    post = await session.scalar(
        select(Post)
        .where(Post.id == post_id, not_deleted(Post.author_id))
        # A statement that waits for the lock would return their values from before the wait.
        .options(defer(Post.tags), defer(Post.cover_facts))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if post is None or not may_read_post(viewer, post):
        raise unreadable(post, POST_IS_GONE)
    if not may_change_post(viewer, post):
        raise ForbiddenError
    # Not joined above, because that would reload an author who is the viewer, without their role.
    set_committed_value(post, "author", await session.get_one(User, post.author_id))
    parts = await load_parts(session, post)
    set_parts(post, parts)
    return post, parts


async def load_parts(session: AsyncSession, post: Post) -> Parts:
    """Load the current parts of a post."""
    parts = select(Post.tags, Post.cover_facts, func.now()).where(Post.id == post.id)
    return Parts(*(await session.execute(parts)).one())


def set_parts(post: Post, parts: Parts) -> None:
    """Set parts on a post that were loaded before; they expire when the post is flushed."""
    set_committed_value(post, "tags", parts.tags)
    set_committed_value(post, "cover_facts", parts.cover_facts)
