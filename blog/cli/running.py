"""Helpers that the commands share: an open application, and one-line errors."""

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, ParamSpec

import click
import uvloop
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from blog import create_app
from blog.backups.errors import BackupError
from blog.core.db.database_errors import (
    DatabaseUnavailableError,
    is_schema_mismatch,
    is_unavailable,
    refusal,
)
from blog.core.db.dumps import DumpError
from blog.core.db.embedded import EmbeddedPostgresError
from blog.core.db.migrations import OUTDATED, SchemaError
from blog.core.errors import BlogError
from blog.core.storage.interface import StorageError
from blog.core.web.app import Broadside
from blog.core.web.process import configure_logging
from settings import Settings, load_settings

Arguments = ParamSpec("Arguments")

# The messages of these errors are one line for the operator.
EXPECTED = (
    BackupError, BlogError, DatabaseUnavailableError, DumpError, EmbeddedPostgresError, SchemaError,
    StorageError,
)  # fmt: skip


def asynchronous(
    command: Callable[Arguments, Coroutine[Any, Any, None]],
) -> Callable[Arguments, None]:
    """Turn a coroutine function into a command with one-line errors."""

    @functools.wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        with one_line_errors():
            uvloop.run(command(*args, **kwargs))

    return run


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn errors that the operator can fix into one line and exit code 1, without a traceback."""
    try:
        yield
    except EXPECTED as error:
        raise click.ClickException(str(error)) from None
    except DBAPIError as error:
        if (reason := refusal(error)) is not None:
            raise click.ClickException(reason) from error
        if is_unavailable(error):
            raise click.ClickException("the connection to the database was lost") from error
        if is_schema_mismatch(error):
            raise click.ClickException(OUTDATED) from error
        raise


@asynccontextmanager
async def open_app(
    settings: Settings | None = None, *, pooled: bool = False
) -> AsyncIterator[Broadside]:
    """Open an application with its database, within its application context.

    Args:
        settings: the settings; by default those of the environment.
        pooled: whether to connect as the web processes do, even if there is a
            `DATABASE_DIRECT_URL`: a connection pooler is for many short transactions.
    """
    settings = settings or load_settings()
    if settings.database_direct_url is not None and not pooled:
        direct = {"database_url": settings.database_direct_url, "database_direct_url": None}
        settings = settings.model_copy(update=direct)
    configure_logging(settings)
    app = create_app(settings)
    await app.database.open()
    try:
        # The command itself reports problems of the database.
        with suppress(SQLAlchemyError, DatabaseUnavailableError, OSError):
            await app.site_settings.load()
        async with app.app_context():
            yield app
    finally:
        await app.renderer.pool.close()
        await app.extensions["image_processes"].close()
        await app.database.close()
