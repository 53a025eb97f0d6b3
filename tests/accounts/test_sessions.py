"""Listing and ending sessions."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import LoginSession, User
from tests.accounts.clock import age_sessions, later
from tests.api.support import add_token
from tests.jobs import do_job
from tests.support import PASSWORD, Browser, api_token

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1"
)


async def log_in(browser: Browser, user_agent: str = FIREFOX, **form: str) -> Browser:
    """Log susan in with this user agent."""
    browser.headers["User-Agent"] = user_agent
    await browser.submit("/auth/login", {"email": "susan", "password": PASSWORD} | form)
    return browser


async def is_logged_in(browser: Browser) -> bool:
    return (await browser.get("/auth/sessions")).status_code == 200


def buttons(page: str) -> list[str]:
    """The form actions that end a single session."""
    return re.findall(r'action="(/auth/sessions/\d+/end)"', page)


async def test_the_list_names_the_devices_and_marks_the_one_that_asks(
    app: Broadside, susan: User
) -> None:
    async with Browser(app, "198.51.100.7") as laptop, Browser(app, "2001:db8::1") as phone:
        await log_in(laptop)
        await log_in(phone, SAFARI)
        page = (await laptop.get("/auth/sessions")).text
    assert page.index("Safari on iPhone") < page.index("Firefox on Linux")
    assert re.search(r"Firefox on Linux</bdi>\s*<span[^>]*>This browser", page)
    assert page.count("This browser") == 1
    assert "198.51.100.7" in page
    assert "2001:db8::1" in page
    assert len(buttons(page)) == 2


async def test_a_strange_device_is_called_so(app: Broadside, susan: User) -> None:
    async with Browser(app) as browser:
        await log_in(browser, "<script>alert(1)</script>" + "x" * 5000)
        assert "Unknown device" in (await browser.get("/auth/sessions")).text


async def test_another_session_is_ended(app: Broadside, susan: User) -> None:
    async with Browser(app) as laptop, Browser(app) as phone:
        await log_in(phone, SAFARI)
        await log_in(laptop)
        of_phone = buttons((await laptop.get("/auth/sessions")).text)[1]
        ended = await laptop.submit(of_phone, page="/auth/sessions")
        assert (ended.status_code, ended.headers["location"]) == (302, "/auth/sessions")
        assert await is_logged_in(laptop)
        assert not await is_logged_in(phone)
        again = await laptop.submit(of_phone, page="/auth/sessions")
        assert again.headers["location"] == "/auth/sessions"
        assert "has already ended" in (await laptop.get("/auth/sessions")).text


async def test_ending_the_session_that_asks_is_logging_out(susans_browser: Browser) -> None:
    (own,) = buttons((await susans_browser.get("/auth/sessions")).text)
    ended = await susans_browser.submit(own, page="/auth/sessions")
    assert ended.headers["location"] == "/"
    assert "__Host-login" not in susans_browser.cookies


async def test_all_other_sessions_are_ended(app: Broadside, susan: User) -> None:
    async with Browser(app) as laptop, Browser(app) as phone, Browser(app) as tablet:
        for browser in (laptop, phone, tablet):
            await log_in(browser)
        await laptop.submit("/auth/sessions/end-others", page="/auth/sessions")
        assert [await is_logged_in(browser) for browser in (laptop, phone, tablet)] == [
            True, False, False,
        ]  # fmt: skip


async def test_nobody_ends_or_sees_the_sessions_of_others(
    app: Broadside, susans_browser: Browser, make_user: Callable[..., Awaitable[User]]
) -> None:
    (of_susan,) = buttons((await susans_browser.get("/auth/sessions")).text)
    await make_user("david", role="Administrator")
    async with Browser(app) as david:
        await david.log_in("david")
        assert of_susan not in (await david.get("/auth/sessions")).text
        await david.submit(of_susan, page="/auth/sessions")
        await david.submit("/auth/sessions/end-others", page="/auth/sessions")
    assert await is_logged_in(susans_browser)


async def test_a_stranger_is_asked_to_log_in(browser: Browser) -> None:
    answer = await browser.get("/auth/sessions")
    assert answer.headers["location"] == "/auth/login?next=/auth/sessions"
    for action in ("/auth/sessions/1/end", "/auth/sessions/end-others"):
        refused = await browser.submit(action, page="/auth/login")
        assert refused.headers["location"] == "/auth/login"


async def test_the_use_of_a_session_is_noted_at_most_once_a_minute(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    statement = select(LoginSession.last_used_at, LoginSession.network_address)
    async with Browser(app, "198.51.100.7") as browser:
        await log_in(browser)
        first = (await db.execute(statement)).one()
        await browser.get("/")
        assert (await db.execute(statement)).one() == first
        await age_sessions(db, seconds=61)
        browser._transport = Browser(app, "203.0.113.9")._transport  # the person has moved
        await browser.get("/")
        moved = (await db.execute(statement)).one()
    assert moved.last_used_at > first.last_used_at
    assert str(moved.network_address) == "203.0.113.9"


async def test_a_page_costs_one_statement_more_for_who_is_logged_in(
    susans_browser: Browser, browser: Browser, db: AsyncSession
) -> None:
    async def statements(visitor: Browser) -> str:
        timing = (await visitor.get("/auth/reset")).headers["server-timing"]
        return re.findall(r'desc="(\d+) statements', timing)[0]

    assert await statements(browser) == "0"
    assert await statements(susans_browser) == "1"
    await age_sessions(db, minutes=2)
    assert await statements(susans_browser) == "2"
    assert await statements(susans_browser) == "1"


async def test_a_remembered_session_ends_after_30_days_whatever_happens(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    async with Browser(app) as browser:
        await log_in(browser, remember_me="true")
        await age_sessions(db, days=29)
        assert await is_logged_in(browser)
        await age_sessions(db, days=1)
        assert not await is_logged_in(browser)


async def test_the_cookie_by_itself_ends_after_30_days_too(susans_browser: Browser) -> None:
    with later(days=30, seconds=2):
        assert not await is_logged_in(susans_browser)


async def test_any_other_session_ends_after_half_a_day_without_use(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await age_sessions(db, hours=11)
    assert await is_logged_in(susans_browser)
    await age_sessions(db, hours=12)
    assert not await is_logged_in(susans_browser)


async def test_any_other_session_ends_after_a_day_however_much_it_is_used(
    susans_browser: Browser, db: AsyncSession
) -> None:
    for _ in range(4):
        await age_sessions(db, hours=5, minutes=45)
        assert await is_logged_in(susans_browser)
    await age_sessions(db, hours=1)
    assert not await is_logged_in(susans_browser)


@pytest.mark.parametrize("with_tokens", [True, False])
async def test_logging_out_everywhere_optionally_revokes_the_tokens(
    app: Broadside, susan: User, db: AsyncSession, with_tokens: bool
) -> None:
    secret = await add_token(app, susan)
    async with Browser(app) as laptop, Browser(app) as phone:
        for browser in (laptop, phone):
            await log_in(browser)
        page = (await laptop.get("/auth/sessions")).text
        assert "including this one" in page
        form = {"tokens": "true"} if with_tokens else {}
        ended = await laptop.submit("/auth/sessions/end-all", form, page="/auth/sessions")
        assert ended.headers["location"] == "/auth/login"
        assert not await is_logged_in(laptop)
        assert not await is_logged_in(phone)
    assert (await api_token(db, secret) is None) == with_tokens


async def test_expired_sessions_are_not_shown_and_are_deleted(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    async with Browser(app) as old, Browser(app) as new:
        await log_in(old, SAFARI)
        await db.execute(update(LoginSession).values(expires_at=now() - timedelta(seconds=1)))
        await db.commit()
        await log_in(new)
        assert "Safari" not in (await new.get("/auth/sessions")).text
        await do_job(app, "delete_expired_sessions")
        assert await is_logged_in(new)
    assert await db.scalar(select(func.count()).select_from(LoginSession)) == 1


async def test_the_database_has_no_token_that_opens_a_session(
    susans_browser: Browser, db: AsyncSession
) -> None:
    row = (await db.execute(select(LoginSession.__table__))).one()
    assert len(row.token_hash) == 32
    cookie = susans_browser.cookies["__Host-login"]
    assert row.token_hash.hex() not in cookie


@pytest.mark.parametrize("cookie", ["", "x", "x.y.z", '"quoted"', "x" * 5000])
async def test_a_forged_cookie_is_nobody(susan: User, browser: Browser, cookie: str) -> None:
    browser.cookies.set("__Host-login", cookie, domain="blog.test", path="/")
    assert (await browser.get("/")).status_code == 200
    assert not await is_logged_in(browser)
