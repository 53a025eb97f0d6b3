"""Outages of an external database."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from database_urls import postgresql_url
from tests.live.postgres import ExternalPostgres
from tests.servers import ALEMBIC, run, serving, until

PROMPT_SECONDS = 2


async def test_alembic_works_on_an_external_server(tmp_path: Path) -> None:
    async with ExternalPostgres(tmp_path / "external") as postgres:
        for command in (["upgrade", "head"], ["check"], ["downgrade", "base"]):
            code, output = await run(tmp_path, *ALEMBIC, *command, database_url=postgres.url())
            assert code == 0, output
    assert not (tmp_path / "postgres").exists(), "nothing is embedded"


async def test_service_resumes_by_itself_when_the_database_is_back(tmp_path: Path) -> None:
    async with (
        ExternalPostgres(tmp_path / "external") as postgres,
        serving(tmp_path, database_url=postgres.url(), env="testing") as server,
        httpx.AsyncClient(base_url=server.url, timeout=60) as client,
    ):
        await all_well(client)
        waits = []
        for mode in ("fast", "immediate"):
            async with request_in_mid_query(postgres, client) as request:
                await postgres.stop(mode)
                # 200 if the server ended the holder of the lock a moment before the request.
                assert (await request).status_code in {200, 503}
            waits.append(await away(client))
            async with starting_up(postgres.port):
                waits.append(await away(client))
            await postgres.start()
            await all_well(client)

        # There were no requests during the outage, so all pooled connections are dead.
        await postgres.stop()
        await postgres.start()
        await all_well(client)
    # A machine that stalls for a moment delays one of them.
    assert median(waits) < PROMPT_SECONDS
    assert "Traceback" not in server.output


async def all_well(client: httpx.AsyncClient) -> None:
    """More requests at once than there are connections, and not one error."""
    answers = await asyncio.gather(*(client.get("/") for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}


async def away(client: httpx.AsyncClient) -> float:
    """Ask for a page and a document, which say so; returns the seconds that they took."""
    begin = time.monotonic()
    page = await client.get("/", headers={"Accept": "text/html"})
    document = await client.get("/", headers={"Accept": "application/json"})
    seconds = time.monotonic() - begin
    assert (page.status_code, document.status_code) == (503, 503)
    assert "be right back" in page.text
    assert document.headers["content-type"] == "application/problem+json"
    assert document.json()["error"] == "service unavailable"
    assert "retry-after" in page.headers
    return seconds


@asynccontextmanager
async def request_in_mid_query(
    postgres: ExternalPostgres, client: httpx.AsyncClient
) -> AsyncIterator[asyncio.Task[httpx.Response]]:
    """A request whose statement waits for a lock."""
    engine = create_async_engine(postgresql_url(postgres.url()))
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE relation = 'posts'::regclass AND NOT granted"
    )
    async with engine.connect() as connection:
        await connection.execute(text("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE"))
        request = asyncio.create_task(client.get("/"))

        async def is_waiting() -> bool:
            return bool(await connection.scalar(waiting))

        await until(is_waiting)
        try:
            yield request
        finally:
            await connection.invalidate()
    await engine.dispose()


@asynccontextmanager
async def starting_up(port: int) -> AsyncIterator[None]:
    """What a server answers that is not ready yet (PostgreSQL, "Message Formats")."""
    fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (length := int.from_bytes(await reader.readexactly(4))) == 8:
            await reader.readexactly(4)
            writer.write(b"N")  # No TLS.
        await reader.readexactly(length - 4)
        writer.write(b"E" + (len(fields) + 4).to_bytes(4) + fields)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(refuse, "127.0.0.1", port):
        yield
