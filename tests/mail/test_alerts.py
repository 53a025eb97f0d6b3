"""Mails to administrators about unexpected errors."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from blog import create_app
from blog.core.web.app import Broadside
from blog.mail import alerts
from blog.models import RateLimit
from settings import Settings
from tests.support import Browser, outbox

ADMINISTRATORS = ["root@example.com", "wheel@example.com"]


def crashing(settings: Settings) -> Broadside:
    """An application with pages that fail."""
    crashing = create_app(settings)

    @crashing.get("/crash/<token>")
    async def crash(token: str) -> str:
        raise RuntimeError("<the reactor> is on fire")

    @crashing.get("/other")
    async def other() -> str:
        return str(1 // 0)

    return crashing


@pytest.fixture
async def crashing_app(
    app: Broadside, make_settings: Callable[..., Settings]
) -> AsyncIterator[Broadside]:
    async with (
        started := crashing(make_settings(admin_email=",".join(ADMINISTRATORS)))
    ).test_app():
        yield started


async def settle(app: Broadside) -> None:
    """Wait until the mails are written."""
    for task in list(app.background_tasks):
        await task


async def test_each_administrator_is_told_of_an_error(crashing_app: Broadside) -> None:
    async with Browser(crashing_app) as browser:
        answer = await browser.get("/crash/secret-token")
    assert answer.status_code == 500
    await settle(crashing_app)
    mails = await outbox(crashing_app)
    assert [mail.recipient for mail in mails] == ADMINISTRATORS
    assert mails[0].subject.startswith("[Broadside] Error: RuntimeError in ")
    assert "GET /crash/<token>" in mails[0].text
    assert answer.headers["x-request-id"] in mails[0].text
    assert answer.headers["x-request-id"] in mails[0].html
    assert "RuntimeError: <the reactor> is on fire" in mails[0].text
    assert "RuntimeError: &lt;the reactor&gt; is on fire" in mails[0].html
    assert "secret-token" not in mails[0].text + mails[0].html


async def test_the_same_error_is_told_once_a_minute_with_the_number_held_back(
    crashing_app: Broadside, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Browser(crashing_app) as browser:
        for _ in range(5):
            await browser.get("/crash/1")
        await browser.get("/other")
        await settle(crashing_app)
        mails = await outbox(crashing_app)
        assert len(mails) == 2 * len(ADMINISTRATORS)
        assert not any("since the last email" in mail.text for mail in mails)

        await let_a_minute_pass(crashing_app)
        await browser.get("/crash/1")
        await settle(crashing_app)
        latest = (await outbox(crashing_app))[-1]
        assert "happened 4 more times since" in latest.text

        await let_a_minute_pass(crashing_app)
        await browser.get("/crash/1")
        await settle(crashing_app)
        assert "since the last email" not in (await outbox(crashing_app))[-1].text


async def test_processes_share_the_limit(
    crashing_app: Broadside, make_settings: Callable[..., Settings]
) -> None:
    other = crashing(make_settings(admin_email=",".join(ADMINISTRATORS)))
    async with other.test_app(), Browser(crashing_app) as one, Browser(other) as two:
        await one.get("/other")
        await settle(crashing_app)
        await two.get("/other")
        await settle(other)
        assert len(await outbox(other)) == len(ADMINISTRATORS)
        await let_a_minute_pass(other)
        await two.get("/other")
        await settle(other)
    assert "happened 1 more time since" in (await outbox(crashing_app))[-1].text


async def test_without_administrators_an_error_is_an_error_page(
    app: Broadside, make_settings: Callable[..., Settings]
) -> None:
    async with (started := crashing(make_settings())).test_app(), Browser(started) as browser:
        assert (await browser.get("/crash/1")).status_code == 500
        await settle(started)
    assert await outbox(app) == []


async def let_a_minute_pass(app: Broadside) -> None:
    """Move what this process and the database remember into the past."""
    for state in app.extensions["alerts"]._states.values():
        state.quiet_until -= alerts.QUIET_SECONDS
    async with app.database.engine.begin() as connection:
        past = RateLimit.full_at - timedelta(minutes=2)
        await connection.execute(update(RateLimit).values(full_at=past))
