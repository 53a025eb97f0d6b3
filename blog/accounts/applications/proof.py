"""What becomes of a proved address while administrators have not decided."""

from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.models import Application, User


def confirmed_now() -> ColumnElement[datetime | None]:
    """The new value of `User.confirmed_at` once an address is proved: unless administrators have to
    decide first, it is confirmed."""
    return case(
        (User.awaits_approval, User.confirmed_at),
        else_=func.coalesce(User.confirmed_at, now()),
    )


async def note_proved_address(session: AsyncSession, user: User) -> None:
    """Note that an applicant has proved their address; the caller commits."""
    if user.awaits_approval:
        # In the order of a decision, which might be taken at this moment.
        await session.execute(select(User.id).where(User.id == user.id).with_for_update())
        await session.execute(
            update(Application)
            .where(Application.user_id == user.id, Application.proved_at.is_(None))
            .values(proved_at=now())
        )
