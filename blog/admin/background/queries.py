"""Queries of unfinished jobs."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest
from blog.core.jobs.summary import Sort
from blog.models import Job

# Beyond this page, lists continue by cursor.
DEEPEST_PAGE = 10


def _listing(sort: Sort) -> Listing[Job]:
    return Listing(
        Order(Job.due_at, Job.id, descending=sort is Sort.FAILED),
        select(Job).where(sort.condition),
        lambda job: (job.due_at, job.id),
        deepest=DEEPEST_PAGE,
    )


_LISTINGS = {sort: _listing(sort) for sort in Sort}


async def jobs_of(
    session: AsyncSession, sort: Sort, wanted: PageRequest | CursorRequest
) -> Page[Job]:
    """A page of the jobs of one sort: failed jobs newest first, others by when they are due.

    Raises:
        TooDeepError: the page is beyond `DEEPEST_PAGE`.
    """
    return await _LISTINGS[sort].read(session, wanted)
