"""A database of their own for real processes, and a way to look at it from outside."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from tests.databases import create_database
from tests.live.certificates import Certificates, issue


@pytest.fixture(scope="session")
async def site_url(database_url: str) -> str:
    """The address of a migrated database, for processes that need not start a server."""
    return await create_database(database_url, "site")


@pytest.fixture
async def outsider(site_url: str) -> AsyncIterator[AsyncConnection]:
    """A connection to that database which is not the application's."""
    engine = create_async_engine(site_url)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A certificate for 127.0.0.1."""
    return issue(tmp_path_factory.mktemp("certificates"))
