"""Request coalescing: concurrent identical reads share one query."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db import statements
from blog.core.db.database import Database
from blog.core.db.request_coalescing import RequestCoalescer
from blog.core.db.statements import QueryStats, query_stats

NUMBER = text("SELECT nextval('drawn')")
FAIL = text("SELECT 1 / 0")


@dataclass
class Reader:
    """Reads from one database, and counts the queries."""

    database: Database
    shared: RequestCoalescer = field(default_factory=RequestCoalescer)
    begun: list[str] = field(default_factory=list)
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def number(self, session: AsyncSession, name: str = "") -> int:
        """A different number for each query."""
        self.begun.append(name)
        self.has_begun.set()
        return int((await session.scalars(NUMBER)).one())

    async def fail(self, session: AsyncSession) -> None:
        """A query that fails."""
        self.begun.append("")
        await session.execute(FAIL)

    async def read(self, name: str = "") -> int:
        """A number, coalesced by its name."""
        return await self.shared.read(self.database.reading_session, self.number, name)


@pytest.fixture
async def reader(database_url: str) -> AsyncIterator[Reader]:
    database = Database(database_url, Path(), pool_size=5)
    await database.open()
    statements.watch(database.reading_engine, 60)
    async with database.engine.begin() as connection:
        await connection.execute(text("CREATE SEQUENCE drawn"))
    yield Reader(database)
    async with database.engine.begin() as connection:
        await connection.execute(text("DROP SEQUENCE drawn"))
    await database.close()


async def test_concurrent_requests_share_a_result(reader: Reader) -> None:
    assert await asyncio.gather(*(reader.read() for _ in range(20))) == [1] * 20
    assert await reader.read() == 2


async def test_a_request_during_a_query_gets_the_result_of_the_next_one(reader: Reader) -> None:
    first = asyncio.create_task(reader.read())
    await reader.has_begun.wait()
    late = [asyncio.create_task(reader.read()) for _ in range(20)]
    assert await first == 1
    assert await asyncio.gather(*late) == [2] * 20


async def test_a_request_never_gets_data_read_before_it_asked(reader: Reader) -> None:
    readings = 0

    async def ask_often() -> None:
        nonlocal readings
        for _ in range(100):
            begun = len(reader.begun)
            assert await reader.read() > begun
            readings += 1

    await asyncio.gather(*(ask_often() for _ in range(16)))
    assert len(reader.begun) < readings / 4


async def test_reads_with_other_arguments_are_not_shared(reader: Reader) -> None:
    found = await asyncio.gather(*(reader.read(name) for name in "abab"))
    assert found[:2] == found[2:] and found[0] != found[1]
    assert sorted(reader.begun) == ["a", "b"]


async def test_a_failure_is_shared_and_later_requests_try_again(
    reader: Reader,
) -> None:
    asked = (reader.shared.read(reader.database.reading_session, reader.fail) for _ in range(5))
    errors = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(error) for error in errors] == [DBAPIError] * 5
    with pytest.raises(DBAPIError):
        await reader.shared.read(reader.database.reading_session, reader.fail)
    assert len(reader.begun) == 2
    assert await reader.read() == 1


async def test_a_cancelled_request_does_not_affect_the_others(reader: Reader) -> None:
    asked = [asyncio.create_task(reader.read()) for _ in range(3)]
    await reader.has_begun.wait()
    asked[0].cancel()
    assert await asyncio.gather(*asked[1:]) == [1, 1]
    assert asked[0].cancelled()


async def test_each_who_shares_a_statement_has_waited_for_it(reader: Reader) -> None:
    async def count() -> int:
        query_stats.set(own := QueryStats())
        await reader.read()
        await reader.read()
        return own.count

    counted = await asyncio.gather(*(asyncio.create_task(count()) for _ in range(5)))
    assert counted == [2] * 5
