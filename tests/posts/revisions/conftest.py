"""Clients of those who edit a post."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from blog.core.web.app import Broadside
from blog.models import User
from tests.api.support import Client, add_token
from tests.posts.test_fields import writer

__all__ = ["writer"]


@pytest.fixture
async def administrator(
    app: Broadside, make_user: Callable[..., Awaitable[User]]
) -> AsyncIterator[Client]:
    """The client of an administrator, who edits what others wrote."""
    user = await make_user("root", role="Administrator")
    async with Client(app, token=await add_token(app, user)) as client:
        yield client
