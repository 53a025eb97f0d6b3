"""The jobs that notify followers of a new post, in batches, and that delete notifications once more
after a person has hidden a word."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import ANONYMOUS
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.models import NotificationKind, PostAlert
from blog.notifications.hidden_words import retract_hidden
from blog.notifications.writes import notify_statement
from blog.posts.policies import visible_to

PEOPLE_AT_ONCE = 500

# The lock makes a moderator who hides the post wait, and delete what this has written.
_POSTS = notify_statement(
    "post_alerts JOIN posts ON posts.id = :post AND posts.author_id = post_alerts.followed_id"
    " WHERE post_alerts.follower_id = ANY(CAST(:people AS bigint[]))"
    f" AND {visible_to(ANONYMOUS)}"
    " AND NOT EXISTS (SELECT FROM notification_items AS known WHERE known.post_id = posts.id"
    " AND known.user_id = post_alerts.follower_id"
    " AND known.comment_id IS NULL AND known.liked_post_id IS NULL"
    " AND known.liked_comment_id IS NULL)"
    " FOR SHARE OF posts FOR KEY SHARE OF post_alerts",
    kind=NotificationKind.POST,
    user_id="post_alerts.follower_id",
    actor_id="posts.author_id",
    post_id="posts.id",
)


async def announce_post(job: RunningJob) -> None:
    """Notify followers, batch by batch. Nobody is notified twice, however often this runs."""
    payload = job.payload
    while not job.stopping.is_set():
        async with job.database.session() as session:
            last = await _notify_batch(session, **payload)
            await session.commit()
        if last is None:
            return
        payload = payload | {"after": last}
        await job.save_progress(**payload)
    await job.requeue()


async def _notify_batch(
    session: AsyncSession, post_id: int, author_id: int, after: int = 0
) -> int | None:
    """Notify the next followers; returns the id of the last one."""
    followers = (
        select(PostAlert.follower_id)
        .where(PostAlert.followed_id == author_id, PostAlert.follower_id > after)
        .order_by(PostAlert.follower_id)
        .limit(PEOPLE_AT_ONCE)
    )
    people = (await session.scalars(followers)).all()
    if not people:
        return None
    await session.execute(_POSTS, {"post": post_id, "people": people})
    return people[-1]


ANNOUNCE_POST = JobKind("announce_post", announce_post)


async def take_back_hidden_words(job: RunningJob) -> None:
    """Delete what a person was notified of while they were hiding a word."""
    async with job.database.session() as session:
        await retract_hidden(session, [job.payload["user_id"]])
        await session.commit()


TAKE_BACK_HIDDEN_WORDS = JobKind("take_back_hidden_words", take_back_hidden_words)
