"""Bringing the schema to its newest revision, from within the application."""

import functools
import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

log = logging.getLogger(__name__)

PROJECT = Path(__file__).resolve().parents[2]
# Any number will do, so long as everybody who migrates takes the same.
MIGRATION_LOCK = 0x62726F6164


def _configuration() -> Config:
    return Config(PROJECT / "alembic.ini")


def take_turn(connection: Connection) -> None:
    """Wait until nobody else migrates, and keep others waiting until the transaction's end."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing; two processes at once take turns.

    Args:
        connection: an open connection; for `AsyncConnection.run_sync`. It is committed.
    """
    configuration = _configuration()
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")
    connection.commit()


def is_current(connection: Connection) -> bool:
    """Whether the schema is at the newest revision."""
    return set(MigrationContext.configure(connection).get_current_heads()) == _newest()


def log_step(*, step: MigrationInfo, **_: object) -> None:
    """Log a migration that was run, for `on_version_apply`."""
    change = getattr(step.up_revision, "doc", step.up_revision_id)
    log.info("migration %s: %s", "applied" if step.is_upgrade else "undone", change)


@functools.cache
def _newest() -> set[str]:
    return set(ScriptDirectory.from_config(_configuration()).get_heads())
