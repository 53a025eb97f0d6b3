"""Handlers of the events that change public pages, on a site whose pages are purged.

Changes without an event are marked where they are written (`blog.core.purging.marks.mark`).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.events import AccountDeleted, AccountDisabled, AccountEnabled
from blog.admin.events import RoleChanged
from blog.comments.events import CommentChanged, CommentDeleted, CommentRemoved, CommentWritten
from blog.core.events.handlers import Handler
from blog.core.purging.keys import NEWEST, SITE, post_key, tag_key, user_key
from blog.core.purging.marks import mark
from blog.follows.events import PersonFollowed, PersonUnfollowed
from blog.models import Comment, PostTag, Tag
from blog.moderation.events import (
    CommentDisabled,
    CommentEnabled,
    MeasureLifted,
    MeasureTaken,
    PostHidden,
    PostShown,
)
from blog.posts.events import PostChanged, PostDeleted, PostPublished, PostUnpublished
from blog.reactions.events import CommentLiked, CommentUnliked, PostLiked, PostUnliked


async def mark_lists(session: AsyncSession, events: Sequence[Any]) -> None:
    """Mark the lists of posts that were added, changed or removed: by author and by tag."""
    posts = {event.post_id for event in events}
    names = select(Tag.name).join(PostTag, PostTag.tag_id == Tag.id)
    tags = await session.scalars(names.where(PostTag.post_id.in_(posts)).distinct())
    await mark(
        session, NEWEST, *map(post_key, posts), *map(tag_key, tags),
        *(user_key(event.author_id) for event in events),
    )  # fmt: skip


async def mark_posts(session: AsyncSession, events: Sequence[Any]) -> None:
    """Mark the pages of posts on which something has changed."""
    await mark(session, *(post_key(event.post_id) for event in events))


async def mark_posts_of_comments(session: AsyncSession, events: Sequence[Any]) -> None:
    """Mark the posts of comments with changed likes."""
    ids = {event.comment_id for event in events}
    posts = await session.scalars(select(Comment.post_id).where(Comment.id.in_(ids)).distinct())
    await mark(session, *map(post_key, posts))


async def mark_people(session: AsyncSession, events: Sequence[Any]) -> None:
    """Mark people who are displayed differently now."""
    await mark(session, *(user_key(event.user_id) for event in events))


async def mark_both_people(
    session: AsyncSession, events: Sequence[PersonFollowed | PersonUnfollowed]
) -> None:
    """Mark both people of a follow, whose counts have changed."""
    ids = {id_ for event in events for id_ in (event.follower_id, event.followed_id)}
    await mark(session, *map(user_key, ids))


async def mark_site(session: AsyncSession, _events: Sequence[Any]) -> None:
    """Mark the whole site, because the change may be visible on any page."""
    await mark(session, SITE)


PURGE_HANDLERS = tuple(
    Handler(event, handle)
    for handle, events in {
        mark_lists: (
            PostPublished, PostChanged, PostUnpublished, PostDeleted, PostHidden, PostShown,
        ),
        mark_posts: (
            CommentWritten, CommentChanged, CommentRemoved, CommentDeleted, CommentDisabled,
            CommentEnabled, PostLiked, PostUnliked,
        ),
        mark_posts_of_comments: (CommentLiked, CommentUnliked),
        mark_people: (RoleChanged, AccountDisabled, AccountEnabled),
        mark_both_people: (PersonFollowed, PersonUnfollowed),
        mark_site: (AccountDeleted, MeasureTaken, MeasureLifted),
    }.items()
    for event in events
)  # fmt: skip
