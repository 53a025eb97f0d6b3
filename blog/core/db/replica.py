"""A streaming replica for reads, used while it answers and its lag is small.

A task in each process checks it twice a second. So requests need no check of their own, and a
replica that fails delays only the requests of that moment.
"""

import asyncio
import logging
import time
from contextlib import suppress

from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from blog.core.db.database import Database
from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.db.engines import make_engine
from blog.core.metrics import usable_replicas

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 2.0
# After this time a statement is cancelled and run on the primary.
STATEMENT_SECONDS = 3.0
# In seconds; a replica with a larger lag is not used.
LONGEST_LAG = 30.0

# Positions in the write-ahead log, in bytes: written by the primary, replayed by the replica.
WRITTEN = text("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")
_PRIMARY = text("""
    SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint, system_identifier FROM pg_control_system()
""")
_STANDBY = text("""
    SELECT pg_is_in_recovery(), (pg_last_wal_replay_lsn() - '0/0')::bigint, system_identifier,
        EXISTS (SELECT FROM pg_stat_wal_receiver)
    FROM pg_control_system()
""")


class UnfitReplicaError(Exception):
    """The replica answers, but must not be used; the message says why."""


class PrimaryError(UnfitReplicaError):
    """It is the primary."""


def place_of(url: str) -> str:
    """The host and port of a URL with one host."""
    parsed = make_url(url)
    host, port = parsed.host or parsed.query.get("host"), parsed.port or parsed.query.get("port")
    return f"{host or 'localhost'}:{port or 5432}"


class Replica:
    """A hot standby of a database.

    Args:
        url: the URL of a single server, not of a load balancer.
        primary: its primary, which must be open while this is open.

    Usage: `open()`, then `has()` and `reading_session()` any number of times, finally
    `await close()`.

    Attributes:
        place: the host and port, for messages.
    """

    engine: AsyncEngine

    def __init__(self, url: str, primary: Database) -> None:
        self._url = url
        self.place = place_of(url)
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

    def mark_failed(self, error: Exception) -> None:
        """Stop using it after a failed statement, until the next successful check."""
        self._replayed = None
        reason = str(error).partition("\n")[0] or "no answer"
        if reason != self._failure:
            # After a failover one of the servers is the primary, which is as it should be.
            level = logging.INFO if isinstance(error, PrimaryError) else logging.WARNING
            log.log(level, "the replica %s is not used: %s", self.place, reason)
        self._failure = reason
        usable_replicas.labels(self.place).set(0)

    async def _watch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    self._replayed = await self._check()
            except Exception as error:
                self.mark_failed(error)
            else:
                if self._failure is not None:
                    log.info("the replica %s is used again", self.place)
                self._failure = None
                usable_replicas.labels(self.place).set(1)
            await asyncio.sleep(LOOK_SECONDS)

    async def _check(self) -> int:
        """The position up to which it has replayed the log.

        Raises:
            Exception: it must not be used.
        """
        primary = await self._read_primary()
        async with self.engine.connect() as connection:
            is_standby, replayed, cluster, is_streaming = (await connection.execute(_STANDBY)).one()
        written = None
        if primary is not None:
            written, primary_cluster = primary
            if cluster != primary_cluster:
                raise UnfitReplicaError("it belongs to another database cluster")
        if not is_standby:
            raise PrimaryError("it is not a standby")
        # After a failover, the former primary may be ahead, with writes that were never
        # acknowledged. It can't stream before it has dropped them.
        if primary is not None and not is_streaming:
            raise UnfitReplicaError("it does not follow the primary")
        # After a failover the primary may be behind the mark; the missing part will never arrive.
        if replayed >= self._mark or (written is not None and written < self._mark):
            self._complete_until = self._marked_at
            if written is not None:
                self._mark, self._marked_at = written, time.monotonic()
        if replayed < self._mark and time.monotonic() - self._complete_until > LONGEST_LAG:
            raise UnfitReplicaError(f"it is more than {LONGEST_LAG:.0f} s behind")
        return int(replayed)

    async def _read_primary(self) -> tuple[int, int] | None:
        """The position and the system identifier of the primary.

        Returns:
            `None` while it is unreachable, when nothing new is written.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS / 2):
                async with self._primary.reading_engine.connect() as connection:
                    written, cluster = (await connection.execute(_PRIMARY)).one()
        except (SQLAlchemyError, DatabaseUnavailableError, OSError):
            return None
        return written, cluster
