"""Reuse of open sessions."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db import warm_sessions as module
from blog.core.db.database import Database
from blog.core.db.database_errors import DatabaseUnavailableError
from blog.models import User
from tests.servers import until

SESSION_NUMBER = text("SELECT pg_backend_pid()")


def in_use(database: Database) -> int:
    """The number of connections that are checked out."""
    return int(database.reading_engine.pool.checkedout())  # type: ignore[attr-defined]


async def number(database: Database) -> int:
    """The backend process of a warm session."""
    async with database.warm_sessions.session() as session:
        return int((await session.scalars(SESSION_NUMBER)).one())


async def test_the_next_reader_finds_the_session_open(database: Database) -> None:
    first = await number(database)
    assert in_use(database) == 1
    assert await number(database) == first


async def test_two_readers_at_once_have_a_session_each(database: Database) -> None:
    async with database.warm_sessions.session() as session:
        mine = (await session.scalars(SESSION_NUMBER)).one()
        assert await number(database) != mine


async def test_after_a_moment_the_pool_has_the_connection_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIFE_SECONDS", 0.05)
    await number(database)

    async def is_back() -> bool:
        return not in_use(database)

    await until(is_back)
    await number(database)
    assert in_use(database) == 1, "and it goes on"


async def test_a_session_that_is_always_in_use_is_given_back_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIFE_SECONDS", 0.0)
    await number(database)
    assert in_use(database) == 0


async def test_what_was_read_before_is_read_anew(
    database: Database, db: AsyncSession, susan: User
) -> None:
    async def location() -> str:
        async with database.warm_sessions.session() as session:
            return (await session.scalars(select(User))).one().location

    assert not await location()
    await db.execute(update(User).values(location="Ghent"))
    await db.commit()
    assert await location() == "Ghent"


async def test_a_session_whose_connection_the_server_has_closed_is_not_used(
    database: Database, db: AsyncSession
) -> None:
    first = await number(database)
    await db.execute(text("SELECT pg_terminate_backend(:number)"), {"number": first})

    async def is_closed() -> bool:
        return bool(database.warm_sessions._idle[-1].connection.is_closed())

    await until(is_closed)
    assert await number(database) != first


async def test_a_session_that_has_failed_is_not_used_again(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.warm_sessions.session() as session:
            await session.execute(text("SELECT 1 / 0"))
    assert in_use(database) == 0
    await number(database)


async def test_who_cannot_connect_is_told_and_keeps_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise DatabaseUnavailableError("no connection")

    await database.reading_engine.dispose()
    monkeypatch.setattr("asyncpg.connect", refuse)
    with pytest.raises(DatabaseUnavailableError):
        await number(database)
    assert in_use(database) == 0


async def test_the_end_leaves_no_connection_open(database_url: str) -> None:
    database = Database(database_url, Path(), pool_size=2)
    await database.open()
    await number(database)
    await database.close()
    assert in_use(database) == 0


async def test_whoever_would_have_to_wait_gets_a_connection_that_is_idle(
    database: Database,
) -> None:
    idle = await number(database)
    async with database.reading_session() as other:
        await other.execute(SESSION_NUMBER)
        assert in_use(database) == 2, "all that there are"
        async with database.reading_session() as session:
            assert await session.scalar(SESSION_NUMBER) == idle


async def test_whoever_waits_already_gets_the_next_one(database: Database) -> None:
    async def read() -> None:
        async with database.reading_session() as session:
            await session.execute(SESSION_NUMBER)

    async with database.warm_sessions.session(), database.warm_sessions.session():
        waiting = asyncio.create_task(read())
        done, _ = await asyncio.wait([waiting], timeout=0.1)
        assert not done
    async with asyncio.timeout(module.LIFE_SECONDS / 2):
        await waiting
