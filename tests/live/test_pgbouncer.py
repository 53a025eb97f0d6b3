"""PgBouncer with `pool_mode = transaction`, as `deploy/cluster/pgbouncer.ini` has it."""

import asyncio
import re
from collections import Counter
from pathlib import Path

import httpx

from tests.api.support import add_token
from tests.live.chaos import site_on
from tests.live.pgbouncer import pgbouncer, pgbouncer_program
from tests.live.postgres import ExternalPostgres
from tests.servers import run, serving
from tests.support import Visitor, add_user

# Fewer than there are requests at once, so that they take turns.
SERVER_CONNECTIONS = 3


async def test_the_site_works_through_a_pooler_that_gives_each_transaction_another_connection(
    tmp_path: Path,
) -> None:
    pgbouncer_program()
    async with (
        ExternalPostgres(tmp_path / "external") as postgres,
        pgbouncer(tmp_path / "pgbouncer", postgres, SERVER_CONNECTIONS) as pooled,
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
