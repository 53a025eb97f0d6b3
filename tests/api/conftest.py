"""A client of the JSON API, and what it works with."""

from collections.abc import AsyncIterator

import pytest

from blog.models import User
from blog.web.app import Broadside
from tests.api.support import Client
from tests.support import PASSWORD


@pytest.fixture
async def anonymous(app: Broadside) -> AsyncIterator[Client]:
    """A client without credentials."""
    async with Client(app) as client:
        yield client


@pytest.fixture
async def client(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """Susan's client, with her password."""
    async with Client(app, auth=(susan.email, PASSWORD)) as client:
        yield client
