"""A small site with files, and places for its backups."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pyrage
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from blog.backups.encryption import BackupKey
from blog.core.storage.folder import FolderStorage
from tests.backups.support import Clock, images, put_files
from tests.cli.conftest import blog
from tests.cli.test_backup import ADD_SUSAN
from tests.databases import create_database, drop_database

__all__ = ["blog"]


@pytest.fixture(scope="session")
async def template(database_url: str) -> AsyncIterator[str]:
    """The name of a database with a site that has one user."""
    engine = create_async_engine(await create_database(database_url, "one_user"))
    async with engine.begin() as connection:
        await connection.execute(ADD_SUSAN)
    await engine.dispose()
    yield "one_user"
    await drop_database(database_url, "one_user")


@pytest.fixture
async def engine(database_url: str, template: str) -> AsyncIterator[AsyncEngine]:
    """The database of a site with one user."""
    options = f"TEMPLATE {template}"
    url = await create_database(database_url, "backed_up", migrated=False, options=options)
    engine = create_async_engine(url)
    yield engine
    await engine.dispose()
    await drop_database(database_url, "backed_up")


@pytest.fixture
async def empty_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An empty database."""
    engine = create_async_engine(await create_database(database_url, "restored", migrated=False))
    yield engine
    await engine.dispose()
    await drop_database(database_url, "restored")


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[FolderStorage]:
    """The files of the site: some images, and an export, which no backup needs."""
    storage = FolderStorage(tmp_path / "files")
    await put_files(storage, images(3) | {"exports/1a/x.zip": b"an export"})
    yield storage
    await storage.close()


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[FolderStorage]:
    """A folder for backups."""
    storage = FolderStorage(tmp_path / "backups")
    yield storage
    await storage.close()


@pytest.fixture
def key() -> BackupKey:
    """A new key."""
    return BackupKey(str(pyrage.x25519.Identity.generate()))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The time at which backups are made."""
    clock = Clock()
    monkeypatch.setattr("blog.backups.making.now", clock)
    monkeypatch.setattr("blog.backups.retention.now", clock)
    yield clock
