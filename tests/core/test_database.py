"""The engine's handling of an unreachable database."""

import socket
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from blog.core.db import engines as module
from blog.core.db.database import Database
from blog.core.db.database_errors import (
    DatabaseUnavailableError,
    is_schema_mismatch,
    is_unavailable,
)
from database_urls import postgresql_url
from tests.servers import free_port

SESSION_NUMBER = text("SELECT pg_backend_pid()")


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("127.0.0.1:{port}/blog", "database blog at 127.0.0.1, port {port}: Connection refused"),
        ("/blog?host=/nowhere", "database blog at /nowhere, port 5432: No such file or directory"),
        ("nowhere.invalid/blog", "database blog at nowhere.invalid, port 5432: "),
        (
            "127.0.0.1:{port},%2Fnowhere/blog",
            "at 127.0.0.1, port {port}: Connection refused; /nowhere, port 5432: No such file",
        ),
    ],
)
async def test_an_unreachable_database_is_reported_without_its_password(
    place: str, reason: str
) -> None:
    port = free_port()
    url = postgresql_url("postgresql://susan:sekrit@" + place.format(port=port))
    with pytest.raises(DatabaseUnavailableError) as caught:
        await Database(url, Path()).open()
    assert reason.format(port=port) in str(caught.value)
    assert "sekrit" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert is_unavailable(caught.value)


async def test_a_missing_database_is_reported(database_url: str) -> None:
    url = make_url(database_url).set(database="nothing").render_as_string()
    with pytest.raises(DatabaseUnavailableError, match='database "nothing" does not exist'):
        await Database(url, Path()).open()


async def test_a_connection_that_the_server_has_closed_is_replaced_unnoticed(
    database: Database,
) -> None:
    async with database.engine.connect() as connection:
        before = await connection.scalar(SESSION_NUMBER)
    async with database.engine.connect() as used, database.engine.connect() as other:
        assert await used.scalar(SESSION_NUMBER) == before
        ended = await other.scalar(text("SELECT pg_terminate_backend(:n, 5000)"), {"n": before})
        assert ended
        with pytest.raises(DBAPIError) as caught:
            await used.execute(text("SELECT 1"))
        assert is_unavailable(caught.value)
    for _ in range(3):
        async with database.engine.connect() as connection:
            assert await connection.scalar(SESSION_NUMBER) != before


async def test_connections_to_a_server_that_takes_no_writes_any_more_are_replaced(
    database: Database,
) -> None:
    async with database.engine.connect() as connection:
        before = await connection.scalar(SESSION_NUMBER)
        await connection.execute(text("SET default_transaction_read_only = on"))
        await connection.commit()
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text("CREATE TABLE nothing ()"))
    assert is_unavailable(caught.value)
    async with database.engine.connect() as connection:
        assert await connection.scalar(SESSION_NUMBER) != before


async def test_a_host_that_does_not_answer_is_skipped_and_tried_last_from_then_on(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.5)
    folder = make_url(database_url).query["host"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = postgresql_url(
            f"postgres://postgres@/postgres?host=127.0.0.1,{folder}&port={port},5432"
        )
        database = Database(url, Path())
        await database.open()
        assert accepted(silent) == 1
        async with database.engine.connect(), database.engine.connect():
            assert accepted(silent) == 0
        await database.close()


def accepted(listener: socket.socket) -> int:
    """How many connections have been made to it since it was asked last."""
    listener.setblocking(False)
    number = 0
    with suppress(BlockingIOError):
        while True:
            listener.accept()[0].close()
            number += 1
    return number


async def test_too_many_at_once_is_unavailable(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POOL_SECONDS", 0.1)
    database = Database(database_url, Path(), pool_size=3)
    await database.open()
    async with database.engine.connect(), database.engine.connect():
        with pytest.raises(PoolTimeoutError) as caught:
            await database.engine.connect()
    assert is_unavailable(caught.value)
    await database.close()


@pytest.mark.parametrize(
    ("statement", "mismatch"),
    [("SELECT 1 / 0", False), ("TABLE nothing", True), ("SELECT nothing FROM roles", True)],
)
async def test_a_wrong_statement_is_not_taken_for_an_absent_database(
    statement: str, mismatch: bool, app: object, database: Database
) -> None:
    async with database.engine.connect() as connection:
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text(statement))
    assert not is_unavailable(caught.value)
    assert is_schema_mismatch(caught.value) is mismatch
    assert not is_unavailable(FileNotFoundError("a template"))


async def test_sessions_are_in_utc(database: Database) -> None:
    async with database.session() as session:
        assert await session.scalar(text("SHOW timezone")) == "UTC"
