"""Shutdown of real processes."""

import asyncio
import signal
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from blog.core.db.database import Database
from tests.servers import BLOG_SERVE, HYPERCORN, serving, until, workers_of
from tests.template import copy_data

SESSIONS = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'broadside'"
)
WAITING = text("SELECT count(*) FROM pg_locks WHERE relation = 'posts'::regclass AND NOT granted")
UNFINISHED_REQUEST = (
    b"POST /auth/login HTTP/1.1\r\nHost: blog.test\r\nContent-Length: 100\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nemail="
)


@pytest.mark.parametrize(
    "command", [BLOG_SERVE, (*HYPERCORN, "--workers", "2", "--graceful-timeout", "30")]
)
async def test_a_request_under_way_is_answered_when_two_workers_are_told_to_stop(
    command: tuple[str, ...], tmp_path: Path, site_url: str, outsider: AsyncConnection
) -> None:
    async def two_are_connected() -> bool:
        await outsider.rollback()  # In one transaction the answer would stay the same.
        return bool(await outsider.scalar(SESSIONS) == 2)

    async def one_waits() -> bool:
        return bool(await outsider.scalar(WAITING) == 1)

    async def one_is_left() -> bool:
        return len(workers_of(server)) == 1

    async with (
        serving(
            tmp_path,
            *command,
            database_url=site_url,
            web_concurrency=2,
            # The request waits until the test lets it go on.
            lock_timeout=60,
            statement_timeout=60,
            background_worker="external",
            env="testing",
        ) as server,
        httpx.AsyncClient(base_url=server.url, timeout=60) as client,
    ):
        await until(two_are_connected)
        await outsider.execute(text("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE"))
        request = asyncio.create_task(client.get("/"))
        await until(one_waits)

        server.send(signal.SIGTERM)
        await until(one_is_left)
        # hypercorn's supervisor has sent it this too, sooner or later.
        workers_of(server)[0].send_signal(signal.SIGTERM)
        await outsider.rollback()

        assert (await request).status_code == 200
        assert await server.ended() == 0
    assert "Traceback" not in server.output


@pytest.mark.parametrize("command", [BLOG_SERVE, (*HYPERCORN, "--graceful-timeout", "1")])
async def test_ctrl_c_ends_everything_and_waits_for_no_hanging_client(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    await asyncio.to_thread(copy_data, tmp_path)
    async with serving(tmp_path, *command, web_concurrency=2) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            writer.write(UNFINISHED_REQUEST)
            postmaster = embedded_server(tmp_path)
            server.send(signal.SIGINT, group=True)
            # Requests that are under way have 30 s where there is a second to wait.
            assert await server.ended(seconds=15) == 0
        finally:
            writer.close()
    assert not runs(postmaster)
    assert "Traceback" not in server.output


async def test_data_survives_being_killed_and_the_next_regular_end_cleans_up(
    tmp_path: Path,
) -> None:
    await asyncio.to_thread(copy_data, tmp_path)
    async with serving(tmp_path) as first:
        await execute(tmp_path, "CREATE TABLE kept AS SELECT 1 AS number")
        postmaster = embedded_server(tmp_path)
        first.send(signal.SIGKILL)
        assert await first.ended() == -signal.SIGKILL, "the workers have ended too"
        assert runs(postmaster), "nobody was left to stop it"

        async with serving(tmp_path) as second:
            await execute(tmp_path, "INSERT INTO kept VALUES (2)")
            second.send(signal.SIGKILL, group=True)
            await second.ended()
            assert runs(postmaster)

            async with serving(tmp_path) as third:
                assert await execute(tmp_path, "TABLE kept ORDER BY number") == [1, 2]
                assert embedded_server(tmp_path) == postmaster
                assert await third.stop(signal.SIGINT) == 0
    assert not runs(postmaster)


async def test_a_worker_that_dies_ends_the_others_with_code_1(
    tmp_path: Path, site_url: str
) -> None:
    async with serving(tmp_path, database_url=site_url, web_concurrency=2) as server:
        workers_of(server)[0].kill()
        assert await server.ended() == 1
    assert server.output.splitlines()[-1].startswith("Error: a web process exited unexpectedly")


async def test_hangup_replaces_the_workers_and_keeps_the_port(
    tmp_path: Path, site_url: str
) -> None:
    async with (
        serving(tmp_path, database_url=site_url) as server,
        httpx.AsyncClient(base_url=server.url, timeout=60) as client,
    ):
        (before,) = workers_of(server)
        server.send(signal.SIGHUP)
        await asyncio.to_thread(before.wait, 15)
        assert (await client.get("/")).status_code == 200
        assert workers_of(server) != [before]


def runs(process: psutil.Process) -> bool:
    """Whether it has not ended; it may still be waiting for its parent to take notice."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def embedded_server(var_dir: Path) -> psutil.Process:
    """The embedded server's first process."""
    number = (var_dir / "postgres" / "postmaster.pid").read_text().split("\n")[0]
    return psutil.Process(int(number))


async def execute(var_dir: Path, statement: str) -> list[object]:
    """Run a statement as another user of the embedded server; the first column it returns."""
    database = Database(None, var_dir / "postgres")
    await database.open()
    try:
        async with database.engine.begin() as connection:
            result = await connection.execute(text(statement))
            return list(result.scalars()) if result.returns_rows else []
    finally:
        await database.close()
