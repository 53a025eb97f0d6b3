"""Bringing the schema to its newest revision while the site is in use.

Each revision is a transaction of its own, so that a long one does not keep the locks of those
before it, and so that it may build indexes `CONCURRENTLY` in alembic's `autocommit_block()`.

A statement that has to wait for a lock gives up after `LOCK_TIMEOUT`: all who come after it would
queue behind it, also those who only read. The revision is then tried again from its beginning.
What nobody queues behind (`WAITS_ALONE`) waits for longer: for an autovacuum, which gives way only
after a second, or for the end of a transaction that was begun before.
"""

import enum
import functools
import logging
import re
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
# Any number will do, so long as everybody who migrates takes the same.
MIGRATION_LOCK = 0x62726F6164
# Nobody is to wait for a second because of a migration.
LOCK_TIMEOUT = "800ms"
LONG_LOCK_TIMEOUT = "1min"
WAITS_ALONE = re.compile(r"\bCONCURRENTLY\b|\bVALIDATE CONSTRAINT\b|^\s*VACUUM\b")
ATTEMPTS = 100
PAUSE_SECONDS = 1.0
TURN_SECONDS = 0.2


OUTDATED = "the schema is not up to date: run blog deploy"
NEWER = (
    "the database is newer than this code: run the newer code, or go back as docs/operating.md says"
)


class SchemaError(Exception):
    """The schema of the database is not the one that this code is written for."""


class SchemaState(enum.Enum):
    """How the schema of a database stands to this code."""

    OLDER = enum.auto()
    CURRENT = enum.auto()
    NEWER = enum.auto()


def _configuration() -> Config:
    return Config(PROJECT / "alembic.ini")


@contextmanager
def turn(connection: Connection) -> Iterator[None]:
    """Wait until nobody else migrates, and keep others waiting meanwhile.

    Whoever waits asks again and again, each time in a transaction of its own: `CREATE INDEX
    CONCURRENTLY` waits for all transactions that are older than it, and would wait for one that
    waits for its turn.

    Args:
        connection: is committed, and has the time limit for locks meanwhile.
    """
    key = {"key": MIGRATION_LOCK}
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key):
        connection.commit()
        _pause(connection, TURN_SECONDS)
    connection.commit()
    event.listen(connection, "before_cursor_execute", _wait_alone)
    event.listen(connection, "after_cursor_execute", _wait_no_longer)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", _wait_alone)
        event.remove(connection, "after_cursor_execute", _wait_no_longer)
        if not connection.invalidated:
            connection.rollback()
            connection.execute(text("RESET lock_timeout"))
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
            connection.commit()


def run_patiently(connection: Connection, run: Callable[[], None]) -> None:
    """Call `run`, and again if it gave up waiting for a lock; what it had committed stays.

    Raises:
        sqlalchemy.exc.DBAPIError: as `run` does, also for the lock if it was never free.
    """
    for attempt in range(1, ATTEMPTS + 1):
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.commit()
        try:
            run()
        except DBAPIError as error:
            if not is_lock_timeout(error) or attempt == ATTEMPTS:
                raise
            connection.rollback()
            log.warning("a migration waits for a lock that others hold, and is tried again")
            _pause(connection, PAUSE_SECONDS)
        else:
            return


def _wait_alone(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    if WAITS_ALONE.search(statement):
        _set_lock_timeout(connection, LONG_LOCK_TIMEOUT)


def _wait_no_longer(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    """Not after an error; then the revision is tried again, or the connection is given back."""
    if WAITS_ALONE.search(statement):
        _set_lock_timeout(connection, LOCK_TIMEOUT)


def _set_lock_timeout(connection: Connection, value: str) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(f"SET lock_timeout = '{value}'")
    cursor.close()


def _pause(connection: Connection, seconds: float) -> None:
    """Let time pass without holding up the event loop, on which `connection` may be run."""
    connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})
    connection.commit()


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing; two processes at once take turns.

    Args:
        connection: an open connection; for `AsyncConnection.run_sync`. It is committed.

    Raises:
        SchemaError: the database is newer than this code.
    """
    if state(connection) is SchemaState.NEWER:
        raise SchemaError(NEWER)
    configuration = _configuration()
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")
    connection.commit()


def state(connection: Connection) -> SchemaState:
    """How the schema of the database stands to this code."""
    heads, revisions = known_revisions()
    present = set(MigrationContext.configure(connection).get_current_heads())
    connection.commit()
    if present == heads:
        return SchemaState.CURRENT
    return SchemaState.OLDER if present <= revisions else SchemaState.NEWER


def require_current(connection: Connection) -> None:
    """Make sure that the schema is the one that this code is written for.

    Raises:
        SchemaError: it is older or newer; the message says what to do.
    """
    if (found := state(connection)) is not SchemaState.CURRENT:
        raise SchemaError(OUTDATED if found is SchemaState.OLDER else NEWER)


def log_step(*, step: MigrationInfo, **_: object) -> None:
    """Log a migration that was run, for `on_version_apply`."""
    change = getattr(step.up_revision, "doc", step.up_revision_id)
    log.info("migration %s: %s", "applied" if step.is_upgrade else "undone", change)


@functools.cache
def known_revisions() -> tuple[frozenset[str], frozenset[str]]:
    """The newest revisions of this code, and all that it knows.

    They are read once, when the process starts: the code of an update that lies on the disk
    already is not what the process runs.
    """
    scripts = ScriptDirectory.from_config(_configuration())
    revisions = frozenset(script.revision for script in scripts.walk_revisions())
    return frozenset(scripts.get_heads()), revisions
