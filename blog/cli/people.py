"""Looking up the user that a command is about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.queries import user_by_login
from blog.cli.running import open_app
from blog.core.web.app import Broadside
from blog.models import User


@asynccontextmanager
async def find_person(who: str) -> AsyncIterator[tuple[Broadside, AsyncSession, User]]:
    """Find a user by username or email address.

    Yields:
        The application, a session and the user.

    Raises:
        click.ClickException: there is no such user.
    """
    async with open_app() as app, app.database.session() as session:
        person = await user_by_login(session, who)
        if person is None:
            raise click.ClickException(f"there's no user {who}")
        yield app, session, person
