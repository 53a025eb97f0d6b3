"""A post that is going to be changed."""

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
    """What a post has in other tables, and the time at which the transaction has begun."""

    tags: list[str]
    cover_facts: Any
    moment: datetime


async def locked_post(session: AsyncSession, viewer: Viewer, post_id: int) -> Post:
    """A post as it is now, which nobody else can change before the end of the transaction.

    Raises:
        NotFoundError: the post is not there (any more).
        GoneError: a moderator has hidden it.
        ForbiddenError: this person may not change it.
    """
    post, _ = await locked_with_parts(session, viewer, post_id)
    return post


async def locked_with_parts(
    session: AsyncSession, viewer: Viewer, post_id: int
) -> tuple[Post, Parts]:
    """As `locked_post`, with its parts, which the post has already."""
    post = await session.scalar(
        select(Post)
        .where(Post.id == post_id, not_deleted(Post.author_id))
        # A statement that waits for the lock would return those from before the wait.
        .options(defer(Post.tags), defer(Post.cover_facts))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if post is None or not may_read_post(viewer, post):
        raise unreadable(post, POST_IS_GONE)
    if not may_change_post(viewer, post):
        raise ForbiddenError
    # Not joined above: that would load a viewer who is the author anew, without their role.
    set_committed_value(post, "author", await session.get_one(User, post.author_id))
    parts = await read_parts(session, post)
    set_parts(post, parts)
    return post, parts


async def read_parts(session: AsyncSession, post: Post) -> Parts:
    """The parts of a post as they are now."""
    parts = select(Post.tags, Post.cover_facts, func.now()).where(Post.id == post.id)
    return Parts(*(await session.execute(parts)).one())


def set_parts(post: Post, parts: Parts) -> None:
    """Let a post have parts that were read, until it is written."""
    set_committed_value(post, "tags", parts.tags)
    set_committed_value(post, "cover_facts", parts.cover_facts)
