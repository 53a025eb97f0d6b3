"""Publishing, scheduling and unpublishing posts."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.errors import InvalidFieldsError
from blog.core.events.handlers import record
from blog.core.i18n import lazy_gettext
from blog.core.text.wall_times import NO_TIME, NO_ZONE, utc_time
from blog.models import Post, PostRevision, PostStatus, User
from blog.models.account_deletion import not_deleted
from blog.posts.events import PostPublished
from blog.posts.fields import tag_ids
from blog.posts.mentions import notify_mentioned
from blog.posts.review import former_publication_time, hold_due
from blog.posts.revisions.history import add_scheduled_revision
from blog.posts.schemas import PostFields

POSTS_AT_ONCE = 100
# Catches typos, such as the year 2206.
LONGEST_AHEAD = timedelta(days=3_653)
# More than the UTC offset of any time zone.
DAY = timedelta(days=1)
IS_PAST = lazy_gettext("This time is in the past. Please choose a later one.")
IS_FAR_AWAY = lazy_gettext("Please choose a time within the next ten years.")
IS_NOT_SCHEDULED = lazy_gettext("Only a scheduled post can have a publication time.")
NOT_SCHEDULED = {"scheduled_wall": None, "time_zone": None}


def publication_columns(form: PostFields, post: Post | None, time: datetime) -> dict[str, Any]:
    """The columns to store for a post's publication; empty if nothing changes.

    A post that was published before keeps its publication time, so that unpublishing it for a
    correction doesn't move it to the top of all lists again.

    Args:
        form: the form. A time without a status schedules the post.
        post: the current post; `None` for a new one.
        time: the current time.

    Raises:
        InvalidFieldsError: the time of a scheduled post is missing, past, too far in the future, or
            invalid.
    """
    current = post.status if post else None
    wanted = form.status or (PostStatus.SCHEDULED if form.scheduled_for else current)
    wanted = wanted or PostStatus.PUBLISHED
    if wanted == PostStatus.SCHEDULED:
        return _schedule_columns(form, post, time)
    if form.scheduled_for:
        raise InvalidFieldsError({"scheduled_for": IS_NOT_SCHEDULED})
    if wanted == current:
        return {}
    # The time of a scheduled post is not one at which it was published.
    before = former_publication_time(post)
    if wanted == PostStatus.DRAFT:
        # Otherwise anyone with an old preview link could still read it.
        return {"status": wanted, "published_at": before, "preview_key": None, **NOT_SCHEDULED}
    changes = {"status": wanted, "published_at": before or time, **NOT_SCHEDULED}
    return changes if before else changes | {"edited_at": None}


def _schedule_columns(form: PostFields, post: Post | None, time: datetime) -> dict[str, Any]:
    wall = form.scheduled_for or (post.scheduled_wall if post else None)
    zone = form.time_zone or (post.time_zone if post else None)
    if wall is None:
        raise InvalidFieldsError({"scheduled_for": NO_TIME})
    if zone is None:
        raise InvalidFieldsError({"time_zone": NO_ZONE})
    if post and (post.status, post.scheduled_wall, post.time_zone) == (
        PostStatus.SCHEDULED, wall, zone,
    ):  # fmt: skip
        return {}
    in_utc = time.replace(tzinfo=None)
    if wall > in_utc + LONGEST_AHEAD:
        raise InvalidFieldsError({"scheduled_for": IS_FAR_AWAY})
    if wall < in_utc - DAY:
        raise InvalidFieldsError({"scheduled_for": IS_PAST})
    try:
        published_at = utc_time(wall, zone)
    except ValueError as error:
        raise InvalidFieldsError({"scheduled_for": str(error)}) from None
    if published_at <= time:
        raise InvalidFieldsError({"scheduled_for": IS_PAST})
    return {
        "status": PostStatus.SCHEDULED,
        "published_at": published_at,
        "scheduled_wall": wall,
        "time_zone": zone,
    }


async def publish_due_posts(
    session: AsyncSession, time: datetime, *, holds_anything: bool = False
) -> int:
    """Publish up to a hundred posts that were scheduled for `time` or earlier; commits.

    Posts that the rules hold for review wait for a moderator instead. Each post is published once,
    even by concurrent workers. Its publication time is the scheduled one, even if this runs late.

    Args:
        holds_anything: whether any rules hold posts for review.

    Returns:
        The number of posts that were published or held; repeat until it is 0.
    """
    # Posts of these authors are published when the pause is over or the account is enabled again.
    may_not_write = exists().where(
        User.id == Post.author_id, or_(User.disabled_at.is_not(None), User.paused_until > time)
    )
    has_history = exists().where(PostRevision.post_id == Post.id)
    due = (
        select(Post.id, Post.author_id, has_history.label("has_history"))
        # The status is a literal, so that the planner can use the partial index.
        .where(Post.status == literal_column("'scheduled'"), Post.published_at <= time)
        .where(not_deleted(Post.author_id), ~may_not_write)
        .order_by(Post.published_at, Post.id)
        .limit(POSTS_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    posts = (await session.execute(due)).all()
    if not posts:
        return 0
    number = len(posts)
    if holds_anything:
        held = await hold_due(session, [post.id for post in posts])
        posts = [post for post in posts if post.id not in held]
        if not posts:
            await session.commit()
            return number
    # Triggers update counts post by post, so lock all tags, then all authors, in the order that all
    # writers follow, before any day.
    await tag_ids(session, (), of_posts=[post.id for post in posts])
    authors = select(User.id).where(User.id.in_({post.author_id for post in posts}))
    await session.execute(authors.order_by(User.id).with_for_update(key_share=True))
    await session.execute(
        update(Post)
        .where(Post.id.in_([post.id for post in posts]))
        .values(
            status=PostStatus.PUBLISHED,
            edited_at=None,
            revision=func.greatest(Post.revision, 1),
            **NOT_SCHEDULED,
        )
        .execution_options(synchronize_session=False)
    )
    for post in posts:
        if post.has_history:
            await add_scheduled_revision(session, await session.get_one(Post, post.id))
    await record(session, *(PostPublished(post.id, post.author_id) for post in posts))
    await notify_mentioned(session, posts=[post.id for post in posts])
    await session.commit()
    return number
