"""A streaming replica for reads, used while it answers and its lag is small.

A task in each process monitors it twice a second. So requests need no check of their own, and a
replica that fails delays only the requests of that moment.
"""

import asyncio
import logging
import time
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from blog.core.db.database import Database
from blog.core.db.engines import make_engine

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 2.0
# After this time a statement is cancelled and run on the primary.
STATEMENT_SECONDS = 3.0
# In seconds; a replica with a larger lag is not used.
LONGEST_LAG = 30.0

# Positions in the write-ahead log, in bytes: written by the primary, replayed by the replica.
WRITTEN = text("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")
REPLAYED = text("SELECT pg_is_in_recovery(), (pg_last_wal_replay_lsn() - '0/0')::bigint")


class UnfitReplicaError(Exception):
    """The replica answers, but must not be used; the message is the reason."""


class Replica:
    """A hot standby of a database.

    Args:
        url: the URL of a single server, not of a load balancer.
        primary: its primary, which must be open while this is open.

        Usage: `open()`, then `has()` and `reading_session()` any number of times, finally `await
            close()`.
    """

    engine: AsyncEngine

    def __init__(self, url: str, primary: Database) -> None:
        self._url = url
        self._primary = primary
        self._replayed: int | None = None
        self._failure: str | None = None
        # A position of the primary, and when it was read, until the replica has replayed it.
        self._mark, self._marked_at = 0, 0.0
        # The replica has replayed everything written up to this time, by the clock of this process.
        self._complete_until = 0.0

    def open(self) -> None:
        """Start to monitor it. Does not fail if it is unreachable."""
        # A page takes one or two statements, each with its own snapshot anyway, so a transaction
        # would only cost round trips.
        self.engine = make_engine(self._url, autocommit=True, command_timeout=STATEMENT_SECONDS)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Close every connection."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self.engine.dispose()

    def reading_session(self) -> AsyncSession:
        """A new session, for reading."""
        return self._sessions()

    def has(self, position: int) -> bool:
        """Whether it is usable, and has replayed the primary's log up to `position`."""
        return self._replayed is not None and self._replayed >= position

    def failed(self, error: Exception) -> None:
        """Stop using it after a failed statement, until the next successful check."""
        self._replayed = None
        reason = str(error).partition("\n")[0] or "no answer"
        if reason != self._failure:
            log.warning("the replica is not used: %s", reason)
        self._failure = reason

    async def _watch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    self._replayed = await self._look()
            except Exception as error:
                self.failed(error)
            else:
                if self._failure is not None:
                    log.info("the replica is used again")
                self._failure = None
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> int:
        """The position up to which it has replayed the log.

        Raises:
            Exception: it must not be used.
        """
        written = await self._written()
        async with self.engine.connect() as connection:
            is_standby, replayed = (await connection.execute(REPLAYED)).one()
        if not is_standby:
            raise UnfitReplicaError("it is not a standby")
        # After a failover the primary may be behind the mark, whose missing part will never arrive.
        if replayed >= self._mark or (written is not None and written < self._mark):
            self._complete_until = self._marked_at
            if written is not None:
                self._mark, self._marked_at = written, time.monotonic()
        if replayed < self._mark and time.monotonic() - self._complete_until > LONGEST_LAG:
            raise UnfitReplicaError(f"it is more than {LONGEST_LAG:.0f} s behind")
        return int(replayed)

    async def _written(self) -> int | None:
        """The position of the primary; `None` while it is unreachable, when nothing new is
        written."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS / 2):
                async with self._primary.reading_engine.connect() as connection:
                    return int((await connection.scalars(WRITTEN)).one())
        except Exception:
            return None
