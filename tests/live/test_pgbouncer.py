"""PgBouncer with `pool_mode = transaction`, as `deploy/cluster/pgbouncer.ini` has it."""

import asyncio
import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.api.support import add_token
from tests.live.chaos import site_on
from tests.live.cluster.cluster import RECIPES
from tests.live.cluster.programs import NotInstalledError, prepare_system_user, program
from tests.live.cluster.units import Unit
from tests.live.postgres import PASSWORD, ExternalPostgres
from tests.servers import free_port, run, serving, until
from tests.support import Visitor, add_user

# Fewer than there are requests at once, so that they take turns.
SERVER_CONNECTIONS = 3


def pgbouncer_program() -> Path:
    """Where PgBouncer is. Without it the tests are skipped, but not under `CI=true`."""
    try:
        return program("pgbouncer")
    except NotInstalledError as error:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(str(error))


@asynccontextmanager
async def pgbouncer(folder: Path, postgres: ExternalPostgres) -> AsyncIterator[str]:
    """A PgBouncer in front of a server; the address of the database through it."""
    port = free_port()
    text = (RECIPES / "pgbouncer.ini").read_text()
    for written, meant in {
        "broadside = host=127.0.0.1 port=5000": f"postgres = host=127.0.0.1 port={postgres.port}",
        "listen_addr = *": "listen_addr = 127.0.0.1\nunix_socket_dir =",
        "listen_port = 6432": f"listen_port = {port}",
        "auth_file = /etc/pgbouncer/userlist.txt": "auth_file = userlist.txt",
        "default_pool_size = 40": f"default_pool_size = {SERVER_CONNECTIONS}",
    }.items():
        assert text.count(written) == 1, written
        text = text.replace(written, meant)
    folder.mkdir()
    user = prepare_system_user(folder)
    (folder / "pgbouncer.ini").write_text(text)
    (folder / "userlist.txt").write_text(f'"postgres" "{PASSWORD}"\n')
    (folder / "log").touch()
    unit = Unit(folder, pgbouncer_program(), "pgbouncer.ini", environment={}, user=user)
    await unit.start()

    async def listens() -> bool:
        assert "FATAL" not in unit.output, unit.output
        return "process up" in unit.output

    try:
        await until(listens)
        yield postgres.url().replace(f":{postgres.port}", f":{port}")
    finally:
        await unit.stop()


async def test_the_site_works_through_a_pooler_that_gives_each_transaction_another_connection(
    tmp_path: Path,
) -> None:
    pgbouncer_program()
    async with (
        ExternalPostgres(tmp_path / "external") as postgres,
        pgbouncer(tmp_path / "pgbouncer", postgres) as pooled,
    ):
        code, output = await run(
            tmp_path / "deploy", "blog", "deploy",
            database_url=pooled, database_direct_url=postgres.url(),
        )  # fmt: skip
        assert code == 0, output
        async with site_on(postgres.url()) as app:
            susan, david = [await add_user(app, name) for name in ("susan", "david")]
            token = await add_token(app, david)
        async with (
            serving(
                tmp_path / "var", database_url=pooled, database_direct_url=postgres.url(),
                rate_limits="off", web_concurrency=2,
            ) as server,
            Visitor(base_url=server.url, timeout=30) as visitor,
            httpx.AsyncClient(
                base_url=f"{server.url}/api/v1", timeout=30,
                headers={"Authorization": f"Bearer {token}"},
            ) as robot,
        ):  # fmt: skip
            await visitor.log_in("susan")
            await visitor.submit("/", {"body": "Hello, #pooler"})
            (post,) = (await robot.get("/posts/")).json()["posts"]
            statuses = Counter[int]()
            for _ in range(3):
                answers = await asyncio.gather(
                    *(visitor.get("/") for _ in range(10)),
                    *(visitor.get("/user/susan") for _ in range(5)),
                    *(visitor.get("/search?q=hello") for _ in range(5)),
                    *(robot.get("/posts/") for _ in range(10)),
                    *(robot.post("/posts/", json={"body": "Hello"}) for _ in range(10)),
                )
                statuses.update(answer.status_code for answer in answers)
            assert statuses == {200: 90, 201: 30}

            # A comment is announced to the browser of its post's author, by LISTEN.
            async with visitor.stream("GET", "/notifications/stream") as stream:
                lines = stream.aiter_lines()
                await anext(lines)
                answer = await robot.post(post["comments_url"], json={"body": "Hi"})
                assert answer.status_code == 201, answer.text
                async with asyncio.timeout(15):
                    async for line in lines:
                        if line.startswith("data:"):
                            break
        assert not re.search("Traceback|unexpected error|not listening", server.output)
    assert susan.id != david.id
