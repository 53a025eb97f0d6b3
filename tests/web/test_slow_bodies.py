"""Requests with a slow body."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import httpx
import pytest

from blog.core.db.engines import POOL_SIZE
from blog.core.web.app import Broadside
from blog.models import User
from tests.api.support import Client, add_token, assert_problem
from tests.servers import until
from tests.support import Browser

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@asynccontextmanager
async def unfinished(
    sender: httpx.AsyncClient, address: str, content_type: str
) -> AsyncIterator[None]:
    """While more requests than there are connections have sent half of their bodies."""
    begun, end = [], asyncio.Event()

    async def half() -> AsyncIterator[bytes]:
        yield b"half"
        begun.append(1)
        await end.wait()

    async def send() -> httpx.Response:
        return await sender.post(address, content=half(), headers={"Content-Type": content_type})

    requests = [asyncio.create_task(send()) for _ in range(POOL_SIZE + 5)]

    async def all_begun() -> bool:
        return len(begun) == len(requests)

    try:
        await until(all_begun)
        yield
    finally:
        end.set()
        await asyncio.gather(*requests)


async def promptly(answer: Awaitable[httpx.Response]) -> int:
    """The status of an answer that does not wait for anybody."""
    async with asyncio.timeout(20):
        return (await answer).status_code


async def test_forms_that_never_arrive_block_nobody(
    susans_browser: Browser, browser: Browser
) -> None:
    async with unfinished(susans_browser, "/", FORM):
        assert await promptly(browser.get("/auth/login")) == 200
        assert await promptly(browser.get("/")) == 200
        assert await promptly(susans_browser.get("/edit-profile")) == 200
        assert await promptly(susans_browser.submit("/", {"body": "Written meanwhile"})) == 302


async def test_documents_that_never_arrive_block_nobody(app: Broadside, susan: User) -> None:
    anonymous, bearer = Client(app), Client(app, token=await add_token(app, susan))
    await bearer.get("/posts/")  # Its use is noted, and the next ones have nothing to write.
    async with unfinished(bearer, "/posts/", JSON):
        assert await promptly(anonymous.get("/posts/")) == 200
        assert await promptly(bearer.post("/posts/", json={"body": "Written meanwhile"})) == 201


async def test_a_body_that_does_not_arrive_in_time_is_answered_in_words(
    app: Broadside, susans_browser: Browser, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    bearer = Client(app, token=await add_token(app, susan))
    monkeypatch.setitem(app.config, "BODY_TIMEOUT", 0.1)
    page = await susans_browser.post("/", content=never(), headers={"Content-Type": FORM})
    assert page.status_code == 408
    assert "arrive within 30 seconds" in page.text
    problem = await bearer.post("/posts/", content=never(), headers={"Content-Type": JSON})
    assert_problem(problem, 408)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_every_body_is_waited_for_before_anything_else(
    app: Broadside, susan: User, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Also where nothing is read from it, nobody may do this, or there is no such page."""
    monkeypatch.setitem(app.config, "BODY_TIMEOUT", 0.1)
    for client in (Browser(app), Client(app)):
        for address in ("/", "/auth/logout", "/posts/1", "/nothing"):
            answer = await client.request(method, address, content=never())
            assert answer.status_code == 408, address


async def never() -> AsyncIterator[bytes]:
    """A body that never arrives."""
    await asyncio.sleep(3600)
    yield b""
