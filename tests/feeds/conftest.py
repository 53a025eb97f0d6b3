"""Fixtures for tests of feeds."""

from collections.abc import AsyncIterator

import pytest

from blog.core.web.app import Broadside
from blog.models import User
from tests.api.support import Client, add_token


@pytest.fixture
async def writer(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """A client with Susan's token."""
    async with Client(app, token=await add_token(app, susan)) as client:
        yield client
