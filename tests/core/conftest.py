"""Fixtures for tests of the core."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blog.core.db.database import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with two connections for reading, and three more."""
    database = Database(database_url, Path(), pool_size=5)
    await database.open()
    yield database
    await database.close()
