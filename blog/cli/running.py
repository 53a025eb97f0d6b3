"""What the commands share: an open application, and errors that are one line."""

import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, ParamSpec

import click
import uvloop
from sqlalchemy.exc import DBAPIError

from blog import create_app
from blog.kit.database import DatabaseUnavailableError, is_schema_mismatch, is_unavailable
from blog.web.app import Broadside
from settings import load_settings

Arguments = ParamSpec("Arguments")


def asynchronous(
    command: Callable[Arguments, Coroutine[Any, Any, None]],
) -> Callable[Arguments, None]:
    """Let a coroutine function be a command; trouble with the database is one line and code 1."""

    @functools.wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            uvloop.run(command(*args, **kwargs))
        except DatabaseUnavailableError as error:
            raise click.ClickException(str(error)) from None
        except DBAPIError as error:
            if is_unavailable(error):
                raise click.ClickException("the database went away") from error
            if is_schema_mismatch(error):
                raise click.ClickException(
                    "the schema is not up to date: run blog deploy"
                ) from error
            raise

    return run


@asynccontextmanager
async def opened_app() -> AsyncIterator[Broadside]:
    """An application of the settings with its database open, within its context."""
    app = create_app(load_settings())
    await app.database.open()
    try:
        async with app.app_context():
            yield app
    finally:
        await app.database.close()
