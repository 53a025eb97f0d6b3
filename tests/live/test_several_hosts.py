"""Several hosts in `DATABASE_URL`, one of which hangs while its connections stay open."""

import asyncio
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from blog.core.db import stall_detection
from blog.core.db.database import Database
from blog.core.db.engines import TimeLimits
from database_urls import postgresql_url
from tests.live.cluster.network import Network
from tests.live.postgres import ExternalPostgres

LOOK, ANSWER = 0.05, 0.3
# The connections to the host are given up after several probes, long before this time limit.
STATEMENT_SECONDS = 30


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stall_detection, "LOOK_SECONDS", LOOK)
    monkeypatch.setattr(stall_detection, "SUSPICIOUS_SECONDS", LOOK)
    monkeypatch.setattr(stall_detection, "ANSWER_SECONDS", ANSWER)


@pytest.mark.usefixtures("short_waits")
async def test_connections_to_a_host_that_hangs_are_replaced_by_those_to_another(
    tmp_path: Path,
) -> None:
    network = Network()
    async with ExternalPostgres(tmp_path / "external") as postgres:
        one, two = [await network.path(name, postgres.port) for name in ("one", "two")]
        url = postgres.url().replace(f":{postgres.port}", f":{one},127.0.0.1:{two}")
        database = Database(postgresql_url(url), Path())
        await database.open(TimeLimits(statement=STATEMENT_SECONDS))
        try:
            await asyncio.gather(*(_ask(database) for _ in range(6)))
            network.cut("one")
            begin = time.monotonic()
            answers = await asyncio.gather(
                *(_ask(database) for _ in range(6)), return_exceptions=True
            )
            assert time.monotonic() - begin < STATEMENT_SECONDS / 3
            assert all(isinstance(answer, Exception) for answer in answers), "they waited for it"
            assert await asyncio.gather(*(_ask(database) for _ in range(6))) == [1] * 6

            network.mend("one")
            network.cut("two")
            with pytest.raises(Exception, match=r"closed|does not answer"):
                await _ask(database)
            assert await _ask(database) == 1, "the first one is used again"
        finally:
            await network.close()
            await database.close()


async def _ask(database: Database) -> object:
    async with database.engine.connect() as connection:
        # Long enough to need a connection of its own.
        return await connection.scalar(text("SELECT 1 FROM pg_sleep(0.05)"))
