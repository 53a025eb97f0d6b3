"""Publishing, scheduling and unpublishing posts."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.errors import InvalidFieldsError
from blog.core.events.handlers import record
from blog.core.i18n import lazy_gettext
from blog.core.text.wall_times import NO_TIME, NO_ZONE, moment_of
from blog.models import Post, PostRevision, PostStatus, User
from blog.models.account_deletion import not_deleted
from blog.posts.events import PostPublished
from blog.posts.fields import tag_ids
from blog.posts.mentions import tell_mentioned
from blog.posts.review import hold_due, published_before
from blog.posts.revisions.history import number_published
from blog.posts.schemas import PostFields

POSTS_AT_ONCE = 100
# Catches typing errors, such as the year 2206.
LONGEST_AHEAD = timedelta(days=3_653)
# More than the UTC offset of any time zone.
DAY = timedelta(days=1)
IS_PAST = lazy_gettext("This time is in the past. Please choose a later one.")
IS_FAR_AWAY = lazy_gettext("Please choose a time within the next ten years.")
IS_NOT_SCHEDULED = lazy_gettext("Only a scheduled post can have a publication time.")
NOT_SCHEDULED = {"scheduled_wall": None, "time_zone": None}


def publication_columns(form: PostFields, post: Post | None, moment: datetime) -> dict[str, Any]:
    """The columns to store for a post's publication; empty if nothing changes.

    A post that was published before keeps its publication time, so that unpublishing it for a
    correction does not bring it to the top of all lists again.

    Args:
        form: the form. A time without a status schedules the post.
        post: the current post; `None` for a new one.
        moment: the current time.

    Raises:
        InvalidFieldsError: the time of a scheduled post is missing, past, too far in the future, or
            invalid.
    """
    present = post.status if post else None
    wanted = form.status or (PostStatus.SCHEDULED if form.scheduled_for else present)
    wanted = wanted or PostStatus.PUBLISHED
    if wanted == PostStatus.SCHEDULED:
        return _schedule(form, post, moment)
    if form.scheduled_for:
        raise InvalidFieldsError({"scheduled_for": IS_NOT_SCHEDULED})
    if wanted == present:
        return {}
    # A scheduled post has not been published at its time yet.
    before = published_before(post)
    if wanted == PostStatus.DRAFT:
        # Otherwise anybody who knows an old preview link could still read it.
        return {"status": wanted, "published_at": before, "preview_key": None, **NOT_SCHEDULED}
    changes = {"status": wanted, "published_at": before or moment, **NOT_SCHEDULED}
    return changes if before else changes | {"edited_at": None}


def _schedule(form: PostFields, post: Post | None, moment: datetime) -> dict[str, Any]:
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
    in_utc = moment.replace(tzinfo=None)
    if wall > in_utc + LONGEST_AHEAD:
        raise InvalidFieldsError({"scheduled_for": IS_FAR_AWAY})
    if wall < in_utc - DAY:
        raise InvalidFieldsError({"scheduled_for": IS_PAST})
    try:
        published_at = moment_of(wall, zone)
    except ValueError as error:
        raise InvalidFieldsError({"scheduled_for": str(error)}) from None
    if published_at <= moment:
        raise InvalidFieldsError({"scheduled_for": IS_PAST})
    return {
        "status": PostStatus.SCHEDULED,
        "published_at": published_at,
        "scheduled_wall": wall,
        "time_zone": zone,
    }


async def publish_due_posts(
    session: AsyncSession, moment: datetime, *, holds_anything: bool = False
) -> int:
    """Publish up to a hundred posts that were scheduled for `moment` or earlier; commits.

    Those that the rules hold for review wait for a moderator instead. Each is published once, even
    by concurrent workers. Its publication time is the scheduled one,
    even if this runs late.

    Args:
        holds_anything: whether there are rules that hold posts for review.

    Returns:
        The number of published posts, and of held ones; repeat until it is 0.
    """
    # The status is a literal, so that the planner can use the partial index.
    # They are published when the pause is over, or the account is enabled again.
    may_not_write = exists().where(
        User.id == Post.author_id, or_(User.disabled_at.is_not(None), User.paused_until > moment)
    )
    has_history = exists().where(PostRevision.post_id == Post.id)
    due = (
        select(Post.id, Post.author_id, has_history.label("has_history"))
        .where(Post.status == literal_column("'scheduled'"), Post.published_at <= moment)
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
    # The triggers update counts post by post. All tags are locked before any author, and all
    # authors before any day, in the order of all writers.
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
            await number_published(session, await session.get_one(Post, post.id))
    await record(session, *(PostPublished(post.id, post.author_id) for post in posts))
    await tell_mentioned(session, posts=[post.id for post in posts])
    await session.commit()
    return number
