"""No request holds a connection while it waits for anything but the database.

That is watched in every test of the suite, and so for every route, with the quotas on
(`tests/connections.py`). Here it is shown that the watch would see it.
"""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from quart import request
from sqlalchemy import text

from blog import create_app
from blog.core.auth import quotas
from blog.core.crypto.passwords import Passwords
from blog.core.web.app import current_app, db, look_up
from blog.core.web.uploads import takes_upload, uploaded_body
from settings import Settings
from tests.connections import watch_pools, watched
from tests.support import Browser

NOTHING = text("SELECT 1")


async def another_session() -> None:
    async with current_app.database.session() as session:
        await session.execute(NOTHING)


async def a_reading_session() -> None:
    async with current_app.database.reading_session() as session:
        await session.execute(NOTHING)


async def a_shared_read() -> None:
    await look_up(lambda session: session.execute(NOTHING))


async def a_quota() -> None:
    await quotas.spend(quotas.WRITING)


async def a_hash() -> None:
    await current_app.passwords.hash("a long password")


async def the_body() -> None:
    await request.get_data()


async def the_renderer() -> None:
    await current_app.renderer.post(" ".join(["a text for the renderer"] * 50), 1)


async def a_file() -> None:
    await current_app.storage.page("nothing")


async def a_thread() -> None:
    await asyncio.to_thread(sum, [1])


@pytest.mark.parametrize(
    ("wait", "wanted"),
    [
        (another_session, "another connection"),
        (a_reading_session, "another connection"),
        (a_shared_read, "another connection"),
        (a_quota, "its quota"),
        (a_hash, "a password hash"),
        (the_body, "its body"),
        (the_renderer, "the renderer"),
        (a_file, "a file"),
        (a_thread, "a thread"),
    ],
)
@pytest.mark.usefixtures("app")
async def test_waiting_while_holding_a_connection_is_detected(
    make_settings: Callable[..., Settings], wait: Callable[[], Awaitable[None]], wanted: str
) -> None:
    app = create_app(make_settings())
    app.passwords = Passwords(time_cost=1, memory_kib=8)

    @app.get("/bad")
    async def bad() -> str:
        await db().execute(NOTHING)
        await wait()
        return ""

    @app.get("/good")
    async def good() -> str:
        await wait()
        await db().execute(NOTHING)
        return ""

    with watched(app) as faults:
        async with app.test_app():
            watch_pools(app)
            async with Browser(app) as browser:
                assert (await browser.get("/good")).status_code == 200
                assert faults == []
                assert (await browser.get("/bad")).status_code == 200
    assert f"GET /bad waits for {wanted} with a connection in hand" in faults


@pytest.mark.usefixtures("app")
async def test_reading_an_upload_while_holding_a_connection_is_detected(
    make_settings: Callable[..., Settings],
) -> None:
    app = create_app(make_settings())

    @app.post("/api/bad")
    @takes_upload(1000)
    async def bad() -> str:
        await db().execute(NOTHING)
        return "".join([chunk.decode() async for chunk in uploaded_body()])

    @app.post("/api/good")
    @takes_upload(1000)
    async def good() -> str:
        text = "".join([chunk.decode() async for chunk in uploaded_body()])
        await db().execute(NOTHING)
        return text

    with watched(app) as faults:
        async with app.test_app():
            watch_pools(app)
            async with Browser(app) as browser:
                assert (await browser.post("/api/good", content=b"x")).text == "x"
                assert faults == []
                assert (await browser.post("/api/bad", content=b"x")).text == "x"
    assert "POST /api/bad waits for its body with a connection in hand" in faults
