"""What the commands share: an open application, and errors that are one line."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, ParamSpec

import click

from blog import create_app
from blog.kit.database import DatabaseUnavailableError
from blog.web.app import Broadside
from settings import load_settings

Arguments = ParamSpec("Arguments")


def asynchronous(
    command: Callable[Arguments, Coroutine[Any, Any, None]],
) -> Callable[Arguments, None]:
    """Let a coroutine function be a command; a database that is away is one line and code 1."""

    @functools.wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            asyncio.run(command(*args, **kwargs))
        except DatabaseUnavailableError as error:
            raise click.ClickException(str(error)) from None

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
