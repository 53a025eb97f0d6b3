"""A streaming replica to read from, for as long as it answers and does not lag behind.

A task of each process looks at it twice a second. So a request asks nobody whether the
replica will do, and a replica that is dead costs time only in the moment it dies.
"""

import asyncio
import logging
import time
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from blog.core.db.database import Database
from blog.core.db.engines import make_engine
from blog.core.db.warm_sessions import WarmSessions

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 2.0
# After this, a statement is given up and run on the primary.
STATEMENT_SECONDS = 3.0
# A replica that is further behind is not used: old pages are no better than slow ones.
LONGEST_LAG = 30.0

# How far the primary has written its log, and the replica has followed it, in bytes.
WRITTEN = text("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")
REPLAYED = text("SELECT pg_is_in_recovery(), (pg_last_wal_replay_lsn() - '0/0')::bigint")


class UnfitReplicaError(Exception):
    """The replica answers, but must not be used; the message says why."""


class Replica:
    """A hot standby of a database.

    Args:
        url: its address, of one server: no balancer before several.
        primary: the database that it follows; open while this is open.

    Usage: `open()`, then `has()` and `reading_session()` as often as wanted, at the end
    `await close()`.
    """

    engine: AsyncEngine
    warm_sessions: WarmSessions

    def __init__(self, url: str, primary: Database) -> None:
        self._url = url
        self._primary = primary
        self._replayed: int | None = None
        self._failure: str | None = None
        # What the primary had written at one moment, until the replica has that too.
        self._mark, self._marked_at = 0, 0.0
        # The replica has all that was written until then, by the clock of this process.
        self._complete_until = 0.0

    def open(self) -> None:
        """Begin to look at it. Nothing fails if it is away."""
        # A page is one or two statements, each of which sees one moment in any case: a
        # transaction around them would only cost time.
        self.engine = make_engine(self._url, command_timeout=STATEMENT_SECONDS).execution_options(
            isolation_level="AUTOCOMMIT"
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self.warm_sessions = WarmSessions(self.engine)
        self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Close every connection."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self.warm_sessions.close()
        await self.engine.dispose()

    def reading_session(self) -> AsyncSession:
        """A new session, for reading."""
        return self._sessions()

    def has(self, position: int) -> bool:
        """Whether it may be used, and has all that the primary had written up to `position`."""
        return self._replayed is not None and self._replayed >= position

    def failed(self, error: Exception) -> None:
        """A statement failed on it: do not use it again before it has been looked at."""
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
        """How far it is.

        Raises:
            Exception: it is not to be used.
        """
        written = await self._written()
        async with self.engine.connect() as connection:
            is_standby, replayed = (await connection.execute(REPLAYED)).one()
        if not is_standby:
            raise UnfitReplicaError("it is no standby")
        # After a failover the primary may be behind the mark: what was lost will never come.
        if replayed >= self._mark or (written is not None and written < self._mark):
            self._complete_until = self._marked_at
            if written is not None:
                self._mark, self._marked_at = written, time.monotonic()
        if replayed < self._mark and time.monotonic() - self._complete_until > LONGEST_LAG:
            raise UnfitReplicaError(f"it is more than {LONGEST_LAG:.0f} s behind")
        return int(replayed)

    async def _written(self) -> int | None:
        """How far the primary is; while it is away, nothing new is written that could be missed."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS / 2):
                async with self._primary.reading_engine.connect() as connection:
                    return int((await connection.scalars(WRITTEN)).one())
        except Exception:
            return None
