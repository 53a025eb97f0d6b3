"""The job that removes a person's posts from the counts of their tags, or adds them again."""

import asyncio
import time

from sqlalchemy import ARRAY, BigInteger, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.jobs.kinds import JobKind
from blog.core.jobs.queue import enqueue
from blog.core.jobs.running import RunningJob
from blog.core.purging.keys import SITE
from blog.core.purging.marks import mark
from blog.models import Post
from blog.posts.fields import tag_ids

ROWS_AT_ONCE = 100
# How long a job works before it yields to others.
TURN_SECONDS = 10.0
_DESCRIBE = text("SELECT describe_tags_of_posts(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(BigInteger))
)


async def count_tags_of_person(job: RunningJob) -> None:
    """Recount the tags of a person's posts, in batches; a killed job resumes.

    This and writers of the same posts wait for each other: for the lock on the post if it existed
    before the person was limited, and otherwise for that on its author.
    """
    end = time.monotonic() + TURN_SECONDS
    person_id, last = job.payload["person_id"], job.payload.get("after", 0)
    while time.monotonic() < end and not job.stopping.is_set():
        start = time.monotonic()
        theirs = (
            select(Post.id)
            .where(Post.author_id == person_id, Post.id > last)
            .order_by(Post.id)
            .limit(ROWS_AT_ONCE)
            .with_for_update(key_share=True)
        )
        async with job.database.session() as session:
            posts = (await session.scalars(theirs)).all()
            if not posts:
                return
            # All tags at once, in the order of all writers.
            await tag_ids(session, (), of_posts=posts)
            await session.execute(_DESCRIBE, {"ids": posts})
            await mark(session, SITE)
            await session.commit()
        last = posts[-1]
        await job.save_progress(person_id=person_id, after=last)
        # Leave half of the time to transactions that wait for the same rows.
        await asyncio.sleep(time.monotonic() - start)
    await job.requeue()


COUNT_TAGS_OF_PERSON = JobKind("count_tags_of_person", count_tags_of_person)


async def recount_tags(session: AsyncSession, person_id: int) -> None:
    """Enqueue a recount after a person was limited, or is no longer limited; the caller commits."""
    await enqueue(session, COUNT_TAGS_OF_PERSON, key=str(person_id), person_id=person_id)
