"""A database that hangs: none of its processes runs, and no connection is closed."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx
import psutil
import pytest

from blog.cli.deploy import migrate
from tests.api.support import add_token
from tests.live.chaos import site_on
from tests.live.postgres import ExternalPostgres
from tests.servers import Server, serving, until, workers_of
from tests.support import Visitor, add_user

# A statement waits for a second before the server is probed, twice.
LONGEST_WAIT = 15
# Afterwards nobody waits, unless the machine stalls: so the median of several attempts counts.
PROMPTLY = 1.5
READY_SECONDS = 2.5


class Site(NamedTuple):
    """A site, its database, and two people who use it."""

    postgres: ExternalPostgres
    server: Server
    visitor: Visitor
    program: httpx.AsyncClient


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with ExternalPostgres(tmp_path / "external") as postgres:
        async with site_on(postgres.url()) as app:
            await migrate(app.database)
            susan = await add_user(app, "susan")
            token = await add_token(app, susan)
        async with (
            serving(tmp_path, database_url=postgres.url()) as server,
            Visitor(base_url=server.url, timeout=60) as visitor,
            httpx.AsyncClient(
                base_url=f"{server.url}/api/v1",
                headers={"Authorization": f"Bearer {token}"},
                timeout=60,
            ) as program,
        ):
            await visitor.log_in("susan")
            yield Site(postgres, server, visitor, program)
        assert "Traceback" not in server.output


async def timed(*requests: asyncio.Task[httpx.Response]) -> tuple[list[httpx.Response], float]:
    """The answers, and how long the slowest of them took from now."""
    begin = time.monotonic()
    return await asyncio.gather(*requests), time.monotonic() - begin


def requests_of(site: Site, csrf_token: str) -> list[asyncio.Task[httpx.Response]]:
    """Pages and documents, reading and writing."""
    form = {"csrf_token": csrf_token, "body": "a post"}
    return [
        asyncio.create_task(request)
        for request in (
            site.visitor.get("/"),
            site.visitor.get("/auth/sessions"),
            site.visitor.post("/", data=form),
            site.program.get("/posts/"),
            site.program.post("/posts/", json={"body": "another"}),
            site.program.get("/me"),
        )
    ]


async def test_requests_to_a_hanging_database_fail_soon_and_later_ones_at_once(
    site: Site,
) -> None:
    csrf_token = await site.visitor.token("/")
    answers, _ = await timed(*requests_of(site, csrf_token))
    assert {answer.status_code for answer in answers} == {200, 201, 302}

    (worker,) = workers_of(site.server)
    with site.postgres.frozen():
        answers, seconds = await timed(*requests_of(site, csrf_token))
        assert [answer.status_code for answer in answers] == [503] * 6
        assert all("retry-after" in answer.headers for answer in answers)
        assert seconds < LONGEST_WAIT
        waits = []
        for _ in range(3):
            answers, seconds = await timed(*requests_of(site, csrf_token))
            assert [answer.status_code for answer in answers] == [503] * 6
            waits.append(seconds)
        assert median(waits) < PROMPTLY
        assert len(connections_of(worker, site.postgres)) <= 2, "all were given up"

    async def is_back() -> bool:
        return (await site.visitor.get("/")).status_code == 200

    await until(is_back)
    answers, _ = await timed(*requests_of(site, csrf_token))
    assert {answer.status_code for answer in answers} == {200, 201, 302}
    assert "the database does not answer" in site.server.output
    assert "the database answers again" in site.server.output


async def test_a_balancer_is_told_within_two_seconds_that_the_database_hangs(site: Site) -> None:
    with site.postgres.frozen():
        waits = []
        for _ in range(4):
            (answer,), seconds = await timed(asyncio.create_task(site.visitor.get("/readyz")))
            assert answer.status_code == 503
            waits.append(seconds)
        assert median(waits) < READY_SECONDS


async def test_clients_that_leave_while_the_database_hangs_cost_no_more_connections(
    site: Site,
) -> None:
    (worker,) = workers_of(site.server)
    before = len(connections_of(worker, site.postgres))
    with site.postgres.frozen():
        for _ in range(3):
            requests = [asyncio.create_task(site.visitor.get("/auth/sessions")) for _ in range(30)]
            await asyncio.wait(requests, timeout=0.3)
            for request in requests:
                request.cancel()
            await asyncio.gather(*requests, return_exceptions=True)
            # A statement that is cancelled asks for it on one connection more.
            assert len(connections_of(worker, site.postgres)) <= 2 * 20 + before


def connections_of(worker: psutil.Process, postgres: ExternalPostgres) -> list[object]:
    """The connections that a process has to a database."""
    return [
        connection
        for connection in worker.net_connections("tcp")
        if connection.raddr and connection.raddr.port == postgres.port
    ]
