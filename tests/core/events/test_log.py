"""A reader of the log of events misses nothing and reads nothing twice, from any point on."""

import asyncio
import random
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.events import log
from blog.core.events.event import DomainEvent
from blog.core.events.handlers import record
from blog.core.events.log import Entry, Position
from blog.core.web.app import Broadside
from blog.models import LoggedEvent

TAKE_TRANSACTION_ID = text("SELECT pg_current_xact_id()")


@dataclass(frozen=True)
class Counted(DomainEvent):
    """Something that happened in a test."""

    number: int


async def read_on(app: Broadside, after: Position | None = None, limit: int = 100) -> list[Entry]:
    async with app.database.reading_session() as session:
        return list(await log.read(session, after, limit))


def numbers(entries: list[Entry]) -> list[int]:
    return [entry.payload["number"] for entry in entries]


async def test_a_reader_does_not_miss_an_event_that_is_committed_late(
    app: Broadside, db: AsyncSession
) -> None:
    await record(db, Counted(1))
    async with app.database.session() as other:
        await record(other, Counted(2))
        await other.commit()
    before = await read_on(app)
    await db.commit()
    after = await read_on(app, before[-1].position if before else None)
    assert numbers(before + after) == [1, 2]


async def test_a_smaller_id_of_a_younger_transaction_is_not_missed(
    app: Broadside, db: AsyncSession
) -> None:
    # The older transaction draws the larger id, and is the first one to commit.
    async with app.database.session() as older, app.database.session() as younger:
        await older.execute(TAKE_TRANSACTION_ID)
        await younger.execute(TAKE_TRANSACTION_ID)
        await record(younger, Counted(1))
        await record(older, Counted(2))
        await older.commit()
        before = await read_on(app)
        await younger.commit()
    after = await read_on(app, before[-1].position if before else None)
    assert sorted(numbers(before + after)) == [1, 2]


async def test_events_of_a_rolled_back_transaction_are_not_read(
    app: Broadside, db: AsyncSession
) -> None:
    await record(db, Counted(1))
    await db.rollback()
    await record(db, Counted(2))
    await db.commit()
    assert numbers(await read_on(app)) == [2]


async def test_a_reader_gets_each_event_once_while_many_transactions_overlap(
    app: Broadside,
) -> None:
    writing = True
    committed: list[int] = []

    async def write(first: int) -> None:
        for number in range(first, first + 40, 2):
            async with app.database.session() as session:
                if random.random() < 0.5:
                    await session.execute(TAKE_TRANSACTION_ID)
                    await asyncio.sleep(random.uniform(0, 0.004))
                await record(session, Counted(number))
                await asyncio.sleep(random.uniform(0, 0.004))
                await record(session, Counted(number + 1))
                if random.random() < 0.2:
                    await session.rollback()
                else:
                    await session.commit()
                    committed.extend((number, number + 1))

    async def read() -> list[int]:
        entries: list[Entry] = []
        while True:
            is_last = not writing
            new = await read_on(app, entries[-1].position if entries else None, limit=7)
            entries += new
            if is_last and not new:
                return numbers(entries)
            await asyncio.sleep(0)

    reading = asyncio.create_task(read())
    await asyncio.gather(*(write(100 * writer) for writer in range(8)))
    writing = False
    found = await reading
    assert len(found) == len(set(found))
    assert set(found) == set(committed)


async def test_a_reader_can_continue_from_any_event(app: Broadside, db: AsyncSession) -> None:
    for number in range(5):
        await record(db, Counted(number))
        await db.commit()
    entries = await read_on(app)
    for place, entry in enumerate(entries):
        stored = Position.parse(str(entry.position))
        assert await read_on(app, stored) == entries[place + 1 :]
    assert entries[0].kind == "Counted"
    assert abs(entries[0].created_at - now()) < timedelta(minutes=1)


async def test_a_reader_from_the_end_gets_transactions_that_are_still_open(
    app: Broadside, db: AsyncSession
) -> None:
    await record(db, Counted(1))
    await db.commit()
    await record(db, Counted(2))
    async with app.database.reading_session() as session:
        end = await log.end(session)
    await db.commit()
    assert numbers(await read_on(app, end)) == [2]


async def test_old_events_are_deleted_and_recent_ones_stay(
    app: Broadside, db: AsyncSession
) -> None:
    for number in range(3):
        await record(db, Counted(number))
        await db.commit()
    old = LoggedEvent.payload["number"].as_integer() < 2
    await db.execute(update(LoggedEvent).where(old).values(created_at=now() - log.KEPT_FOR))
    await db.commit()
    assert await log.delete_old(db) == 2
    await db.commit()
    assert numbers(await read_on(app)) == [2]


async def test_the_log_of_another_server_comes_before_what_happens_in_this_one(
    app: Broadside, db: AsyncSession
) -> None:
    # As after `blog restore` into a server that has given out fewer numbers.
    foreign = [(10**12 + 5, 1), (10**12, 2), (10**12 + 9, 3)]
    await db.execute(
        insert(LoggedEvent),
        [
            {"transaction": transaction, "id": 10**9 + number, "kind": "Counted",
             "payload": {"number": number}}
            for transaction, number in foreign
        ],
    )  # fmt: skip
    await db.commit()
    assert await read_on(app) == []
    await log.adopt(db)
    await db.commit()
    await record(db, Counted(4))
    await db.commit()
    assert numbers(await read_on(app)) == [2, 1, 3, 4]

    stored = list(await db.scalars(select(LoggedEvent.transaction)))
    await log.adopt(db)
    assert list(await db.scalars(select(LoggedEvent.transaction))) == stored


@pytest.mark.parametrize("value", ["", "7", "-", "7-", "-7-", "seven-8"])
def test_an_invalid_position_is_refused(value: str) -> None:
    with pytest.raises(ValueError):
        Position.parse(value)


def test_a_position_before_the_beginning_of_the_server_is_text_too() -> None:
    assert Position.parse(str(Position(-7, 12))) == Position(-7, 12)
