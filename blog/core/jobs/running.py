"""The interface that a job's function gets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.database import Database
from blog.core.jobs import claims
from blog.core.jobs.claims import Claimed, LostClaimError


@dataclass
class RunningJob:
    """One run of a job, in an application context.

    Attributes:
        claimed: the job.
        every: the interval of a periodic job.
        database: provides the sessions of the run.
        stopping: set when the worker stops: a job that can continue later returns then.
        is_recorded: whether the result is recorded already.
    """

    claimed: Claimed
    every: timedelta | None
    database: Database
    stopping: asyncio.Event
    is_recorded: bool = field(default=False, init=False)

    @property
    def payload(self) -> dict[str, Any]:
        """The payload given to `enqueue`."""
        return self.claimed.payload

    @asynccontextmanager
    async def finishing(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that also records that the job is done, so its writes happen exactly
        once.

        Raises:
            LostClaimError: at the end, if another worker has claimed the job. Nothing is written.
        """
        async with self.database.session() as session:
            yield session
            if not await claims.finish(session, self.claimed, self.every):
                raise LostClaimError
            await session.commit()
        self.is_recorded = True

    async def save_progress(self, **payload: object) -> None:
        """Save how far the job has come: its next run gets this payload, even if it is periodic.

        Raises:
            LostClaimError: another worker has claimed the job. Nothing is written.
        """
        if not await claims.save_progress(self.database, self.claimed, payload):
            raise LostClaimError

    async def requeue(self) -> None:
        """Requeue the job because it has more to do. Its attempts are counted anew."""
        await claims.requeue(self.database, self.claimed)
        self.is_recorded = True
