"""Batching of concurrent work."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db import statements
from blog.core.db.database import Database
from blog.core.db.statements import QueryStats, query_stats
from blog.core.web import batches
from blog.core.web.batches import MOST_BATCHES, MOST_ITEMS, Batches
from blog.core.web.logs import request_id
from tests.databases import wait_for_a_lock

TABLE = text("CREATE TABLE written (number integer UNIQUE CHECK (number >= 0))")
WRITE = text("INSERT INTO written SELECT unnest(CAST(:numbers AS integer[])) RETURNING number")
LOCK = text("LOCK TABLE written IN SHARE MODE")
FAIL_AS = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{}'; END $$"


@dataclass
class Writer:
    """Writes numbers to one database, and keeps them by their batches."""

    database: Database
    batches: list[list[int]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.shared = Batches(self.database.autocommit_session)

    async def add(self, session: AsyncSession, numbers: Sequence[int]) -> list[int]:
        """Write numbers; of each, its square is what comes of it."""
        self.batches.append(list(numbers))
        self.has_begun.set()
        if self.failures:
            await session.execute(text(FAIL_AS.format(self.failures.pop())))
        rows = await session.scalars(WRITE, {"numbers": numbers})
        return [number * number for number in rows]

    async def write(self, number: int) -> int:
        """Write a number together with others."""
        return await self.shared.run(self.add, number)

    async def written(self) -> set[int]:
        """The numbers in the table."""
        async with self.database.session() as session:
            return set(await session.scalars(text("SELECT number FROM written")))


@pytest.fixture
async def writer(database_url: str) -> AsyncIterator[Writer]:
    database = Database(database_url, Path(), pool_size=2 * MOST_BATCHES + 2)
    await database.open()
    statements.watch(database.engine, 60)
    async with database.engine.begin() as connection:
        await connection.execute(TABLE)
    yield Writer(database)
    async with database.engine.begin() as connection:
        await connection.execute(text("DROP TABLE written"))
    await database.close()


async def test_concurrent_writes_share_few_statements(writer: Writer) -> None:
    numbers = range(3 * MOST_ITEMS)
    squares = await asyncio.gather(*(writer.write(number) for number in numbers))
    assert squares == [number * number for number in numbers]
    assert [len(batch) for batch in writer.batches] == [MOST_ITEMS] * 3
    assert await writer.written() == set(numbers)


async def test_writes_during_a_batch_are_in_the_next_one(writer: Writer) -> None:
    first = asyncio.create_task(writer.write(0))
    await writer.has_begun.wait()
    await asyncio.gather(first, *(writer.write(number) for number in (1, 2, 3)))
    assert writer.batches == [[0], [1, 2, 3]]


async def test_a_row_that_is_refused_fails_alone(writer: Writer) -> None:
    results = await asyncio.gather(
        *(writer.write(number) for number in (1, -1, 2, 2, 3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [int, IntegrityError, int, IntegrityError, int]
    assert await writer.written() == {1, 2, 3}


@pytest.mark.parametrize(
    ("state", "calls"),
    [("40P01", 2), ("55P03", 4), ("57P01", 1)],
    ids=["a deadlock is tried again", "after a lock timeout each is alone", "no database"],
)
async def test_a_failed_batch_is_retried_if_nothing_was_written(
    writer: Writer, state: str, calls: int
) -> None:
    writer.failures = [state]
    numbers = (1, 2, 3)
    results = await asyncio.gather(
        *(writer.write(number) for number in numbers), return_exceptions=True
    )
    assert len(writer.batches) == calls
    if state == "57P01":  # It is unknown whether it was written.
        assert {type(result) for result in results} == {DBAPIError}
        assert await writer.written() == set()
    else:
        assert results == [1, 4, 9]


async def test_a_batch_belongs_to_the_first_of_its_own_requests(writer: Writer) -> None:
    seen: list[str] = []

    async def look(_session: AsyncSession, numbers: Sequence[int]) -> Sequence[int]:
        seen.append(request_id.get() or "")
        return numbers

    async def ask(number: int) -> None:
        request_id.set(f"request {number}")
        await writer.shared.run(look, number)

    await asyncio.gather(*(ask(number) for number in range(MOST_ITEMS + 1)))
    assert seen == ["request 0", f"request {MOST_ITEMS}"]


async def test_a_request_cancelled_before_its_batch_writes_nothing(writer: Writer) -> None:
    first = asyncio.create_task(writer.write(1))
    second = asyncio.create_task(writer.write(2))
    await asyncio.sleep(0)
    second.cancel()
    await first
    assert await writer.written() == {1}


async def test_a_request_cancelled_during_its_batch_does_not_affect_others(writer: Writer) -> None:
    first, second = (asyncio.create_task(writer.write(number)) for number in (1, 2))
    await writer.has_begun.wait()
    first.cancel()
    assert await second == 4
    assert await writer.written() == {1, 2}
    assert await writer.write(3) == 9


async def test_batches_that_wait_for_a_lock_take_few_connections(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "WAIT_SECONDS", 0.01)
    async with writer.database.session() as somebody:
        await somebody.execute(LOCK)
        writes = [asyncio.create_task(writer.write(0))]
        for number in range(1, MOST_BATCHES):
            await wait_for_a_lock(writer.database, sessions=number)
            writes.append(asyncio.create_task(writer.write(number)))
        await wait_for_a_lock(writer.database, sessions=MOST_BATCHES)
        writes += [asyncio.create_task(writer.write(number)) for number in range(10, 20)]
        await asyncio.sleep(0.05)
        assert len(writer.batches) == MOST_BATCHES
        await somebody.rollback()
    await asyncio.gather(*writes)
    assert writer.batches == [*([number] for number in range(MOST_BATCHES)), list(range(10, 20))]


async def test_each_request_counts_the_statement_that_it_waited_for(writer: Writer) -> None:
    async def count(number: int) -> int:
        query_stats.set(own := QueryStats())
        await writer.write(number)
        return own.count

    counts = [asyncio.create_task(count(number)) for number in range(5)]
    assert await asyncio.gather(*counts) == [1] * 5
