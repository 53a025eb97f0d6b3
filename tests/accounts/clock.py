"""Simulate the passing of time, instead of waiting."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from itsdangerous import TimestampSigner
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.core.web.rate_limits import RateLimits
from blog.models import LoginSession, RateLimit


@contextmanager
def later(**span: float) -> Iterator[None]:
    """Within this context, tokens are older by `timedelta(**span)`."""
    seconds = timedelta(**span).total_seconds()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TimestampSigner, "get_timestamp", lambda _: int(time.time() + seconds))
        yield


async def refill(app: Broadside, db: AsyncSession, **span: float) -> None:
    """Make all rate limit buckets older by `timedelta(**span)`."""
    await db.execute(update(RateLimit).values(full_at=RateLimit.full_at - timedelta(**span)))
    await db.commit()
    app.rate_limits = RateLimits(app.database)  # Clear the leases of the process.


async def age_sessions(db: AsyncSession, *, user_id: int | None = None, **span: float) -> None:
    """Make all sessions, or those of one person, older by `timedelta(**span)`."""
    age = timedelta(**span)
    aged = update(LoginSession).values(
        created_at=LoginSession.created_at - age,
        last_used_at=LoginSession.last_used_at - age,
        expires_at=LoginSession.expires_at - age,
        reauthenticated_at=LoginSession.reauthenticated_at - age,
    )
    await db.execute(aged if user_id is None else aged.where(LoginSession.user_id == user_id))
    await db.commit()
