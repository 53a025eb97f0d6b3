"""Administration of the outbox."""

from typing import Any, cast

from sqlalchemy import CursorResult, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.mail.outbox import CHANNEL
from blog.models import Email, EmailState

# Failed permanently, or waiting for the next attempt.
_CAN_BE_RETRIED = or_(
    Email.state == EmailState.FAILED,
    (Email.state == EmailState.QUEUED) & (Email.attempts > 0),
)


async def retry(session: AsyncSession, email_id: int | None = None) -> int:
    """Retry messages that have failed, permanently or so far, immediately and with the full number
    of attempts.

    Args:
        email_id: the message; `None` for all of them.

    Returns:
        The number of messages.
    """
    statement = (
        update(Email)
        .where(_CAN_BE_RETRIED)
        .values(state=EmailState.QUEUED, due_at=func.now(), attempts=0)
        .execution_options(synchronize_session=False)
    )
    if email_id is not None:
        statement = statement.where(Email.id == email_id)
    result = cast(CursorResult[Any], await session.execute(statement))
    await session.execute(select(func.pg_notify(CHANNEL, "")))
    await session.commit()
    return result.rowcount
