"""Fixtures for tests of the JSON API."""

from collections.abc import AsyncIterator, Callable

import pytest

from blog import create_app
from blog.core.crypto.passwords import Passwords
from blog.core.web.app import Broadside
from blog.models import User
from settings import Settings
from tests.api.support import Client, add_token
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


@pytest.fixture
async def bearer(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """Susan's client, with a token for everything."""
    async with Client(app, token=await add_token(app, susan)) as client:
        yield client


@pytest.fixture(scope="session")
async def closed_app(
    running_app: Broadside, make_settings: Callable[..., Settings]
) -> AsyncIterator[Broadside]:
    """An application on the same site that does not allow anonymous reads."""
    app = create_app(make_settings(api_anonymous_reads=False))
    app.passwords = Passwords(time_cost=1, memory_kib=8)
    async with app.test_app():
        yield app
