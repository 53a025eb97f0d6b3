"""Sessions for reading."""

import asyncio
from typing import cast

import pytest
from sqlalchemy import QueuePool, select, text

from blog.core.db.database import Database
from blog.models import Role

NUMBERS = text("SELECT number FROM generate_series(1, 3) number")


def connections_in_use(database: Database) -> int:
    return cast(QueuePool, database.reading_engine.pool).checkedout()


async def test_rows_take_a_connection_only_until_they_are_there(database: Database) -> None:
    async with database.reading_session() as session:
        first, second = await session.execute(NUMBERS), await session.execute(NUMBERS)
        assert connections_in_use(database) == 0
        assert (await session.scalar(NUMBERS), first.all(), second.scalars().all()) == (
            1, [(1,), (2,), (3,)], [1, 2, 3],
        )  # fmt: skip


async def test_objects_belong_to_the_session(database: Database) -> None:
    async with database.reading_session() as session:
        role = (await session.scalars(select(Role).limit(1))).one()
        assert role in session
        assert await session.get(Role, role.id) is role
        assert (await session.execute(NUMBERS)).all() == [(1,), (2,), (3,)]
        assert connections_in_use(database) == 1
    assert connections_in_use(database) == 0


async def test_a_cancelled_statement_gives_its_connection_back(database: Database) -> None:
    async with database.reading_session() as session:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(session.execute(text("SELECT pg_sleep(60)")), 0.2)
        assert connections_in_use(database) == 0
        assert await session.scalar(NUMBERS) == 1
