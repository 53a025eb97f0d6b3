"""What several tests of the kit work with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blog.kit.database import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with at most two connections."""
    database = Database(database_url, Path(), pool_size=2)
    await database.open()
    yield database
    await database.close()
