"""Statement and lock timeouts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from blog import create_app
from blog.core.crypto.passwords import Passwords
from blog.core.db.database import Database
from blog.core.db.database_errors import is_unavailable
from blog.core.db.engines import POOL_SECONDS, POOL_SIZE, TimeLimits
from blog.core.web.app import Broadside
from blog.models import Comment, User
from settings import Settings
from tests.api.support import Client, add_token
from tests.comments.support import add_comments, add_post
from tests.databases import wait_for_a_lock
from tests.servers import until
from tests.support import Browser

MakeSettings = Callable[..., Settings]
LOCK = text("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE")


@asynccontextmanager
async def limited(make_settings: MakeSettings, **limits: float) -> AsyncIterator[Broadside]:
    """An application with limits of its own, on the same site."""
    app = create_app(make_settings(**limits))
    app.passwords = Passwords(time_cost=1, memory_kib=8)
    async with app.test_app():
        yield app


@pytest.mark.parametrize("limit", ["statement_timeout", "lock_timeout"])
async def test_a_statement_over_its_time_limit_is_answered_with_advice_to_retry(
    app: Broadside, make_settings: MakeSettings, susan: User, limit: str
) -> None:
    token = await add_token(app, susan)
    async with limited(make_settings, **{limit: 0.2}) as impatient, Browser(impatient) as browser:
        await browser.log_in("susan")
        csrf_token = await browser.token("/")
        client = Client(impatient, token=token)
        async with app.database.session() as session:
            await session.execute(LOCK)
            answers = await asyncio.gather(
                browser.get("/"),
                browser.post("/", data={"csrf_token": csrf_token, "body": "a post"}),
                client.get("/posts/"),
                client.post("/posts/", json={"body": "a post"}),
            )
        assert [answer.status_code for answer in answers] == [503] * 4
        assert {answer.headers["retry-after"] for answer in answers} == {"5"}
        assert "took too long" in answers[0].text
        assert "took too long" in answers[3].json()["detail"]
        assert (await browser.get("/")).status_code == 200


async def test_only_what_serves_requests_has_limits(app: Broadside, database_url: str) -> None:
    shown = text("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
    async with app.database.session() as session:
        assert (await session.execute(shown)).one() == ("10s", "5s")
    async with app.database.reading_session() as session:
        assert (await session.execute(shown)).one() == ("10s", "5s")
    database = Database(database_url, Path())
    await database.open()
    async with database.session() as session:
        assert (await session.execute(shown)).one() == ("0", "0")
    await database.close()


async def test_a_transaction_that_does_nothing_ends(database_url: str) -> None:
    database = Database(database_url, Path())
    await database.open(TimeLimits(idle_in_transaction=0.1))
    async with database.session() as session:
        await session.execute(text("SELECT 1"))
        connection = await (await session.connection()).get_raw_connection()
        driver: Any = connection.driver_connection

        async def is_closed() -> bool:
            return bool(driver.is_closed())

        await until(is_closed)
        with pytest.raises(DBAPIError) as caught:
            await session.execute(text("SELECT 1"))
    assert is_unavailable(caught.value)
    async with database.session() as session:
        assert await session.scalar(text("SELECT 1")) == 1
    await database.close()


@pytest.fixture
async def patient(app: Broadside, make_settings: MakeSettings) -> AsyncIterator[Broadside]:
    """An application whose writers wait for locks until the test ends."""
    none = {"statement_timeout": 0, "lock_timeout": 0, "idle_in_transaction_timeout": 0}
    async with limited(make_settings, **none) as patient:
        yield patient


async def test_writers_that_wait_leave_the_readers_their_places(
    patient: Broadside, susan: User
) -> None:
    app, browser, susans_browser = patient, Browser(patient), Browser(patient)
    await susans_browser.log_in("susan")
    async with app.database.session() as session:
        post = await add_post(session, susan)
        (comment, *_) = await add_comments(session, post, susan.id, 1)
    token = await susans_browser.token(f"/comment/{comment.id}/edit")
    client = Client(app, token=await add_token(app, susan))
    # What is shown is who waits for whom, and not how long it takes to open connections.
    async with AsyncExitStack() as opened:
        for engine in (app.database.engine, app.database.reading_engine):
            for _ in range(engine.pool.size()):
                await opened.enter_async_context(engine.connect())
    async with app.database.session() as somebody:
        await somebody.execute(select(Comment).with_for_update())
        writers = [
            asyncio.create_task(
                susans_browser.post(
                    f"/comment/{comment.id}/edit",
                    data={"csrf_token": token, "body": f"version {number}"},
                )
            )
            for number in range(POOL_SIZE + 5)
        ]
        # One place is somebody's.
        await wait_for_a_lock(app.database, sessions=app.database.engine.pool.size() - 1)
        async with asyncio.timeout(POOL_SECONDS / 2):
            assert (await browser.get("/")).status_code == 200
            assert (await susans_browser.get("/edit-profile")).status_code == 200
            assert (await client.get("/posts/")).status_code == 200
            assert (await browser.get("/readyz")).status_code == 200
        assert not any(writer.done() for writer in writers)
    assert {answer.status_code for answer in await asyncio.gather(*writers)} == {302}
