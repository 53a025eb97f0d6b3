"""Queries for applications."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest, Rows
from blog.models import Application

# Beyond this page, the list continues by cursor.
DEEPEST_PAGE = 10


def _with_users(ids: Rows) -> Select[Application]:
    shown = ids.subquery()
    return (
        select(Application)
        .join(shown, shown.c.user_id == Application.user_id)
        .options(joinedload(Application.user, innerjoin=True))
        .order_by(Application.user_id)
    )


_PENDING: Listing[Application] = Listing(
    Order(Application.user_id, descending=False),
    select(Application.user_id),
    lambda application: (application.user_id,),
    complete=_with_users,
    deepest=DEEPEST_PAGE,
)


async def waiting(session: AsyncSession, wanted: PageRequest | CursorRequest) -> Page[Application]:
    """A page of the pending applications, the oldest first.

    Raises:
        TooDeepError: the page is beyond `DEEPEST_PAGE`.
    """
    return await _PENDING.read(session, wanted)


async def application_of(session: AsyncSession, user_id: int) -> Application | None:
    """Someone's application, with their account."""
    return await session.scalar(
        select(Application)
        .where(Application.user_id == user_id)
        .options(joinedload(Application.user, innerjoin=True))
    )
