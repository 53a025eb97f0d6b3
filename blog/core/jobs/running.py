"""What a running job gets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.database import Database
from blog.core.jobs import queue
from blog.core.jobs.kinds import JobKind, LostClaimError
from blog.core.jobs.queue import Claimed


@dataclass
class RunningJob:
    """One run of a job, in the context of the application.

    Attributes:
        kind: the kind of the job.
        claimed: the job.
        database: provides the sessions of the run.
        stopping: set when the worker stops: a job that can continue later stops then.
        is_recorded: whether the result is recorded already.
    """

    kind: JobKind
    claimed: Claimed
    database: Database
    stopping: asyncio.Event
    is_recorded: bool = field(default=False, init=False)

    @property
    def payload(self) -> dict[str, Any]:
        """The payload given to `enqueue`."""
        return self.claimed.payload

    @asynccontextmanager
    async def finishing(self) -> AsyncIterator[AsyncSession]:
        """A transaction that also records that the job is done: what it writes is written exactly
        once.

        Raises:
            LostClaimError: at the end, if another worker has claimed the job. Nothing is written.
        """
        async with self.database.session() as session:
            yield session
            if not await queue.finish(session, self.kind, self.claimed):
                raise LostClaimError
            await session.commit()
        self.is_recorded = True

    async def remember(self, **payload: object) -> None:
        """Note how far the job has come: its next run gets this payload, also of a repeated job.

        Raises:
            LostClaimError: somebody else runs the job. Nothing is written.
        """
        if not await queue.remember(self.database, self.claimed, payload):
            raise LostClaimError

    async def go_on_later(self) -> None:
        """Requeue the job because it has more to do. Its attempts are counted from the start."""
        await queue.go_on(self.database, self.claimed)
        self.is_recorded = True
