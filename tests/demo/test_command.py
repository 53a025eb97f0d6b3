"""`blog demo`, as somebody types it."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.engine import make_url

from blog.core.web.app import Broadside
from tests.servers import run, serving
from tests.template import copy_data

pytestmark = pytest.mark.live


async def test_it_fills_a_site_that_is_being_served_and_says_who_to_log_in_as(
    tmp_path: Path,
) -> None:
    await asyncio.to_thread(copy_data, tmp_path)
    async with serving(tmp_path) as server, AsyncClient(timeout=60, base_url=server.url) as visitor:
        code, output = await run(tmp_path, "blog", "demo", "--posts", "30", port=server.port)
        assert (code, output.count("\n")) == (0, 5), output
        assert "60 users, 30 posts, 90 comments and 1,200 follows are on " + server.url in output

        login = re.search(r"Log in as (\S+) with the password (\S+)\n", output)
        assert login
        page = await visitor.get("/auth/login")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token
        form = {"csrf_token": token[1], "email": login[1], "password": login[2]}
        assert (await visitor.post("/auth/login", data=form)).status_code == 302
        assert (await visitor.get("/")).text.count("<article") == 20

        assert await run(tmp_path, "blog", "demo", port=server.port) == (
            0,
            "The demo is already loaded.\n"
            "Log in as robin@demo.example with the password demonstration\n"
            "The administrator is maya@demo.example, with the same password\n"
            f"If {server.url} does not answer yet: make run, or blog serve\n",
        )


@pytest.fixture
async def new_database(app: Broadside, database_url: str) -> AsyncIterator[str]:
    """The address of a database without tables."""
    async with app.database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("CREATE DATABASE new_site"))
        url = make_url(database_url).set(database="new_site")
        yield url.render_as_string(hide_password=False)
        await connection.execute(text("DROP DATABASE new_site WITH (FORCE)"))


async def test_in_production_it_wants_to_be_asked_twice_and_makes_up_a_password(
    tmp_path: Path, new_database: str
) -> None:
    async def demo(*options: str) -> tuple[int, str]:
        return await run(tmp_path, "blog", "demo", *options, **production)

    production = {
        "env": "production",
        "base_url": "https://blog.example.com",
        "database_url": new_database,
    }
    assert await demo() == (
        1,
        "Error: this is production: use --yes to add invented users\n",
    )
    assert await demo("--yes") == (1, "Error: the schema is not up to date: run blog deploy\n")
    await run(tmp_path, "blog", "deploy", **production)
    code, output = await demo("--yes")
    assert code == 0, output
    assert re.search(r"with the password \S{16}\n", output)
    code, output = await demo("--yes")
    assert (code, "with the password that was printed then\n" in output) == (0, True), output


async def test_a_site_that_cannot_be_is_a_usage_error(tmp_path: Path) -> None:
    code, output = await run(tmp_path, "blog", "demo", "--users", "1")
    assert code == 2
    assert output.endswith("Error: there must be at least two users and one post.\n")
    assert not (tmp_path / "postgres").exists()
