"""Reading the jobs that are not done."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest
from blog.core.jobs.summary import Sort
from blog.models import Job

# Further on, the list goes by a cursor alone.
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
    """Some of the jobs of a sort: what failed last comes first, or else what is due next.

    Raises:
        TooDeepError: the page is behind `DEEPEST_PAGE`.
    """
    return await _LISTINGS[sort].read(session, wanted)
