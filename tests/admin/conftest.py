"""Administrators for the tests of their pages."""

from collections.abc import AsyncIterator

import pytest

from blog.core.web.app import Broadside
from blog.models import User
from tests.support import Browser, add_user


@pytest.fixture
async def root(app: Broadside) -> User:
    """An administrator."""
    return await add_user(app, "root", role="Administrator")


@pytest.fixture
async def roots_browser(app: Broadside, root: User) -> AsyncIterator[Browser]:
    """The administrator's browser, logged in."""
    async with Browser(app) as visitor:
        await visitor.log_in("root")
        yield visitor


@pytest.fixture
async def admins_browser(app: Broadside) -> AsyncIterator[Browser]:
    """The browser of a second administrator, logged in."""
    await add_user(app, "admin", role="Administrator")
    async with Browser(app) as visitor:
        await visitor.log_in("admin")
        yield visitor
