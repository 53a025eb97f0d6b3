"""What the tests of backups share."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from blog.backups.making import server_of
from blog.backups.restoring import Backup, restore_database
from blog.core.clock import now
from blog.core.storage.interface import Storage
from tests.cli.test_backup import contents


class Clock:
    """A clock that stands still until it is set forward."""

    def __init__(self) -> None:
        self.time = now()

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **times: float) -> None:
        self.time += timedelta(**times)


def images(number: int, first: int = 0) -> dict[str, bytes]:
    """Files with as much in them as their number says; the names of some begin like others."""
    return {
        f"images/{n % 2}f/{'a' * (n + 1)}-320.webp": f"image {n}".encode() * (n * 50_000 + 1)
        for n in range(first, first + number)
    }


async def put_files(storage: Storage, files: dict[str, bytes]) -> None:
    async def once(content: bytes) -> AsyncIterator[bytes]:
        yield content

    for key, content in files.items():
        await storage.put(key, once(content))


async def all_files(storage: Storage, folder: str = "") -> dict[str, bytes]:
    """All objects of a folder with their content."""
    found = {}
    for stored in await storage.page(folder):
        async with aclosing(storage.read(stored.key)) as pieces:
            found[stored.key] = b"".join([piece async for piece in pieces])
    return found


async def rows(engine: AsyncEngine) -> dict[str, str]:
    """A digest of all that is in each table."""
    async with engine.connect() as connection:
        return await contents(connection)


async def restore_into(engine: AsyncEngine, backup: Backup, *, replace: bool = False) -> None:
    async with engine.connect() as connection:
        server = await server_of(connection)
    await engine.dispose()
    await restore_database(backup, server, replace=replace)
