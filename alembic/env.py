"""Runs the migrations: `alembic …` against the database of the settings, or on a connection.

`blog.core.db.migrations` hands its open connection over in `config.attributes`; run directly,
this opens the database as the application does, starting the embedded server if need be.
"""

import asyncio
import sys

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from blog.core.db import migrations
from blog.core.db.database import Database
from blog.core.db.database_errors import DatabaseUnavailableError, refusal
from blog.core.web.process import configure_logging
from blog.models import Base
from settings import load_settings


def run(connection: Connection) -> None:
    """Run what the command line asks for, one process at a time."""
    with migrations.migration_lock(connection):
        migrations.run_with_retries(connection, lambda: run_once(connection))


def run_once(connection: Connection) -> None:
    """Run what the command line asks for, from the present revision on."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        on_version_apply=migrations.log_step,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run() -> None:
    settings = load_settings()
    configure_logging(settings)
    database = Database(
        settings.database_url,
        settings.var_dir / "postgres",
        direct_url=settings.database_direct_url,
    )
    try:
        await database.open()
    except DatabaseUnavailableError as error:
        print(f"alembic: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from None
    try:
        async with database.direct_engine.connect() as connection:
            await connection.run_sync(run)
            await connection.commit()
    except DBAPIError as error:
        if (reason := refusal(error)) is None:
            raise
        print(f"alembic: {reason}", file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from None
    finally:
        await database.close()


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(connect_and_run())
