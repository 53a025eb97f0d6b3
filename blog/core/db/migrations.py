"""Online schema migrations.

Each revision runs in its own transaction, so that it does not hold the locks of earlier ones, and
can build indexes `CONCURRENTLY` in Alembic's `autocommit_block()`.

A statement that waits for a lock gives up after `LOCK_TIMEOUT`, because all later statements, even
reads, queue behind it. The revision is then retried from its start, up to `ATTEMPTS` times.
Statements that block no others (`NON_BLOCKING`) may wait longer, for an autovacuum, which yields
only after a second, or for the end of an older transaction.
"""

import enum
import functools
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError

from blog.core.db.database_errors import is_lock_timeout

log = logging.getLogger(__name__)

PROJECT = Path(__file__).resolve().parents[3]
# An arbitrary key, shared by all processes that migrate.
MIGRATION_LOCK = 0x62726F6164
# No query may wait for a second because of a migration, not even on a busy machine; a revision may
# wait for several locks while it holds the first.
LOCK_TIMEOUT = "200ms"
LONG_LOCK_TIMEOUT = "1min"
NON_BLOCKING = re.compile(r"\bCONCURRENTLY\b|\bVALIDATE CONSTRAINT\b|^\s*VACUUM\b")
ATTEMPTS = 100
PAUSE_SECONDS = 1.0
LOCK_POLL_SECONDS = 0.2


OUTDATED = "the schema is not up to date: run blog deploy"
NEWER = (
    "the database is newer than this code: run the newer code, or go back as docs/operating.md says"
)


class SchemaError(Exception):
    """The schema of the database does not match this code."""


class SchemaState(enum.Enum):
    """The schema of a database, compared with this code."""

    OLDER = enum.auto()
    CURRENT = enum.auto()
    NEWER = enum.auto()


def _configuration() -> Config:
    return Config(PROJECT / "alembic.ini")


@contextmanager
def migration_lock(connection: Connection) -> Iterator[None]:
    """Hold the advisory lock that serialises migrations, with `lock_timeout` set.

    The lock is polled, each time in a new transaction: `CREATE INDEX CONCURRENTLY` waits for all
    older transactions, including one that waits for this lock.

    Args:
        connection: committed before and after.
    """
    key = {"key": MIGRATION_LOCK}
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key):
        connection.commit()
        _pause(connection, LOCK_POLL_SECONDS)
    connection.commit()
    event.listen(connection, "before_cursor_execute", _raise_lock_timeout)
    event.listen(connection, "after_cursor_execute", _restore_lock_timeout)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", _raise_lock_timeout)
        event.remove(connection, "after_cursor_execute", _restore_lock_timeout)
        if not connection.invalidated:
            connection.rollback()
            connection.execute(text("RESET lock_timeout"))
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
            connection.commit()


def run_with_retries(connection: Connection, run: Callable[[], None]) -> None:
    """Call `run`, retrying after lock timeouts; revisions that it has committed stay.

    Raises:
        sqlalchemy.exc.DBAPIError: whatever `run` raises, including the lock timeout of the last
            attempt at a revision.
    """
    attempts: Counter[tuple[str, ...]] = Counter()
    while True:
        reached = MigrationContext.configure(connection).get_current_heads()
        attempts[reached] += 1
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.commit()
        try:
            return run()
        except DBAPIError as error:
            if not is_lock_timeout(error) or attempts[reached] == ATTEMPTS:
                raise
            connection.rollback()
            log.warning("a migration timed out waiting for a lock and is retried")
            _pause(connection, PAUSE_SECONDS)


def _raise_lock_timeout(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    if NON_BLOCKING.search(statement):
        _set_lock_timeout(connection, LONG_LOCK_TIMEOUT)


def _restore_lock_timeout(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    """Restore the short timeout.

    After an error this isn't called: the revision is retried, or the connection released.
    """
    if NON_BLOCKING.search(statement):
        _set_lock_timeout(connection, LOCK_TIMEOUT)


def _set_lock_timeout(connection: Connection, value: str) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(f"SET lock_timeout = '{value}'")
    cursor.close()


def _pause(connection: Connection, seconds: float) -> None:
    """Sleep in the database, because `connection` may run on the event loop."""
    connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})
    connection.commit()


def upgrade(connection: Connection) -> int:
    """Run pending migrations; concurrent processes wait for each other.

    Args:
        connection: an open connection, as from `AsyncConnection.run_sync`. It is committed.

    Returns:
        How many were pending.

    Raises:
        SchemaError: the database is newer than this code.
    """
    if state(connection) is SchemaState.NEWER:
        raise SchemaError(NEWER)
    configuration = _configuration()
    present = MigrationContext.configure(connection).get_current_heads()
    scripts = ScriptDirectory.from_config(configuration)
    pending = sum(1 for _ in scripts.iterate_revisions("heads", present))
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")
    connection.commit()
    return pending


def state(connection: Connection) -> SchemaState:
    """Compare the schema of the database with this code."""
    heads, revisions = known_revisions()
    present = set(MigrationContext.configure(connection).get_current_heads())
    connection.commit()
    if present == heads:
        return SchemaState.CURRENT
    return SchemaState.OLDER if present <= revisions else SchemaState.NEWER


def require_current(connection: Connection) -> None:
    """Check that the schema matches this code.

    Raises:
        SchemaError: it is older or newer; the message says what to do.
    """
    if (found := state(connection)) is not SchemaState.CURRENT:
        raise SchemaError(OUTDATED if found is SchemaState.OLDER else NEWER)


def log_step(*, step: MigrationInfo, **_: object) -> None:
    """Log an applied migration, for `on_version_apply`."""
    change = getattr(step.up_revision, "doc", step.up_revision_id)
    log.info("migration %s: %s", "applied" if step.is_upgrade else "undone", change)


@functools.cache
def known_revisions() -> tuple[frozenset[str], frozenset[str]]:
    """The head revisions and all revisions of this code.

    They are read once, because during an update the files on disk are newer than the running code.
    """
    scripts = ScriptDirectory.from_config(_configuration())
    revisions = frozenset(script.revision for script in scripts.walk_revisions())
    return frozenset(scripts.get_heads()), revisions
