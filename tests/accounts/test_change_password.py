"""Changing the password."""

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import LoginSession, User
from tests.accounts.test_sessions import is_logged_in
from tests.support import PASSWORD, Browser, outbox

NEW = "another horse battery"
FORM = {"old_password": PASSWORD, "password": NEW, "password2": NEW}
PAGE = "/auth/change-password"


async def test_the_new_password_counts_and_the_old_one_does_not(
    app: Broadside, susans_browser: Browser, browser: Browser
) -> None:
    answer = await susans_browser.submit(PAGE, FORM)
    assert (answer.status_code, answer.headers["location"]) == (302, "/auth/sessions")
    assert "Password changed" in (await susans_browser.get("/auth/sessions")).text
    old = await browser.submit("/auth/login", {"email": "susan", "password": PASSWORD})
    assert old.status_code == 422
    await browser.log_in("susan", NEW)
    (mail,) = await outbox(app)
    assert (mail.purpose, mail.recipient) == ("password_changed", "susan@example.com")


async def test_every_other_session_ends_and_ones_own_gets_another_token(
    app: Broadside, susans_browser: Browser
) -> None:
    old = susans_browser.cookies["__Host-login"]
    async with Browser(app) as other, Browser(app) as copy:
        await other.log_in("susan")
        copy.cookies.set("__Host-login", old, domain="blog.test", path="/")
        assert await is_logged_in(copy)
        await susans_browser.submit(PAGE, FORM)
        assert await is_logged_in(susans_browser)
        assert not await is_logged_in(other)
        copy.cookies.set("__Host-login", old, domain="blog.test", path="/")
        assert not await is_logged_in(copy)


@pytest.mark.parametrize("remembered", [True, False])
async def test_the_session_stays_remembered_if_it_was(
    susan: User, browser: Browser, db: AsyncSession, remembered: bool
) -> None:
    form = {"email": "susan", "password": PASSWORD} | (
        {"remember_me": "true"} if remembered else {}
    )
    await browser.submit("/auth/login", form)
    expiry = await db.scalar(select(LoginSession.expires_at))
    answer = await browser.submit(PAGE, FORM)
    cookies = answer.headers.get_list("set-cookie")
    (cookie,) = [cookie for cookie in cookies if cookie.startswith("__Host-login")]
    assert ("Max-Age=2592000" in cookie) is remembered
    assert await db.scalar(select(LoginSession.expires_at)) == expiry


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"old_password": "wrong words"}, "old_password", "not your current password"),
        ({"old_password": ""}, "old_password", "Please fill in this field"),
        ({"password": "short", "password2": "short"}, "password", "at least 8 characters"),
        ({"password2": "be your username"}, "password2", "The passwords don"),
        ({"password": "password1", "password2": "password1"}, "password", "too common"),
        (
            {"password": "Susan@example.com", "password2": "Susan@example.com"},
            "password",
            "be your username",
        ),
    ],
)
async def test_a_bad_field_is_told_beside_it_and_nothing_changes(
    app: Broadside, susans_browser: Browser, browser: Browser,
    changes: dict[str, str], field: str, message: str,
) -> None:  # fmt: skip
    answer = await susans_browser.submit(PAGE, FORM | changes)
    assert answer.status_code == 422
    assert f'id="{field}-error">' in answer.text
    assert message in answer.text
    assert not any(value in answer.text for value in (FORM | changes).values() if "horse" in value)
    await browser.log_in("susan", PASSWORD)
    assert await outbox(app) == []


async def test_of_two_simultaneous_changes_one_wins(
    app: Broadside, susan: User, browser: Browser
) -> None:
    async with Browser(app) as one, Browser(app) as other:
        for visitor in (one, other):
            await visitor.log_in("susan")
        answers = await asyncio.gather(
            one.submit(PAGE, FORM),
            other.submit(PAGE, FORM | {"password": "a third one", "password2": "a third one"}),
        )
        assert sum(answer.status_code == 302 and "sessions" in answer.headers["location"]
                   for answer in answers) == 1  # fmt: skip
        assert sorted([await is_logged_in(one), await is_logged_in(other)]) == [False, True]
    assert len(await outbox(app)) == 1


async def test_a_stranger_is_asked_to_log_in(browser: Browser) -> None:
    assert (await browser.get(PAGE)).headers["location"] == f"/auth/login?next={PAGE}"
    refused = await browser.submit(PAGE, FORM, page="/auth/login")
    assert refused.headers["location"] == "/auth/login"
