"""Background jobs for posts."""

from datetime import timedelta

from blog.core.clock import now
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.posts.publication import publish_due_posts


async def publish_due(job: RunningJob) -> None:
    """Publish the scheduled posts that are due, in batches."""
    number = 1
    while number and not job.stopping.is_set():
        async with job.database.session() as session:
            number = await publish_due_posts(session, now())


PUBLISH_DUE_POSTS = JobKind("publish_due_posts", publish_due, at_once=1, every=timedelta(minutes=1))
