"""Logging in and out."""

import re
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.crypto.passwords import Passwords
from blog.core.web.app import Broadside
from blog.models import LoginSession, User
from tests.support import PASSWORD, Browser

MakeUser = Callable[..., Awaitable[User]]
COOKIE = "__Host-login"


@pytest.mark.parametrize("login", ["susan", "SUSAN", "susan@example.com", " Susan@Example.com "])
async def test_log_in_by_username_or_address_ignores_case(
    susan: User, browser: Browser, login: str
) -> None:
    answer = await browser.log_in(login)
    assert answer.headers["location"] == "/"
    assert "Log out" in (await browser.get("/")).text


async def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(
    susan: User, browser: Browser
) -> None:
    answers = []
    for login in ("susan@example.com", "nobody@example.com"):
        answer = await browser.submit("/auth/login", {"email": login, "password": "wrong words"})
        token = re.compile(r'value="[^"]{86,88}"')
        answers.append((answer.status_code, token.sub("", answer.text).replace(login, "LOGIN")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422
    assert "Wrong username, email or password." in answers[0][1]


async def test_an_empty_form_is_told_what_is_missing(browser: Browser) -> None:
    answer = await browser.submit("/auth/login", {"email": " ", "password": ""})
    assert answer.status_code == 422
    assert answer.text.count("Please fill in this field.") == 2


@pytest.mark.parametrize("remembered", [True, False])
async def test_the_session_is_kept_for_30_days_or_ends_with_the_browser(
    susan: User, browser: Browser, remembered: bool
) -> None:
    form = {"email": "susan", "password": PASSWORD} | (
        {"remember_me": "true"} if remembered else {}
    )
    answer = await browser.submit("/auth/login", form)
    (cookie,) = [c for c in answer.headers.get_list("set-cookie") if c.startswith(COOKIE)]
    assert ("Max-Age=2592000" in cookie) is remembered
    assert ("Expires=" in cookie) is remembered
    for attribute in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert attribute in cookie.split("; ")
    assert "Domain" not in cookie


async def test_the_session_and_the_forms_secret_change_with_each_login(
    susan: User, browser: Browser
) -> None:
    before = await browser.token("/auth/login")
    await browser.log_in("susan")
    first = browser.cookies[COOKIE]
    assert browser.cookies.get("__Host-session") is None
    replayed = await browser.post("/auth/logout", data={"csrf_token": before})
    assert replayed.status_code == 400

    form = {"email": "susan", "password": PASSWORD}
    again = await browser.submit("/auth/login", form, page="/auth/sessions")
    assert again.status_code == 302
    assert browser.cookies[COOKIE] != first


async def test_a_planted_session_cookie_is_not_taken_over(susan: User, browser: Browser) -> None:
    browser.cookies.set(COOKIE, "planted", domain="blog.test", path="/")
    await browser.log_in("susan")
    assert browser.cookies.get(COOKIE, domain="blog.test") != "planted"


async def test_logging_in_as_somebody_else_ends_the_session_before(
    app: Broadside, susans_browser: Browser, make_user: MakeUser, db: AsyncSession
) -> None:
    await make_user("david")
    old = susans_browser.cookies[COOKIE]
    form = {"email": "david", "password": PASSWORD}
    await susans_browser.submit("/auth/login", form, page="/auth/sessions")
    assert 'href="/user/david"' in (await susans_browser.get("/")).text
    owners = await db.scalars(select(User.username).join(LoginSession))
    assert owners.all() == ["david"]

    async with Browser(app) as thief:
        thief.cookies.set(COOKIE, old, domain="blog.test", path="/")
        assert "Log out" not in (await thief.get("/")).text


async def test_who_is_logged_in_is_led_on_from_the_login_page(susans_browser: Browser) -> None:
    assert (await susans_browser.get("/auth/login")).headers["location"] == "/"
    led = await susans_browser.get("/auth/login?next=/user/susan")
    assert led.headers["location"] == "/user/susan"
    kept = await susans_browser.get("/auth/login?next=//evil.example")
    assert kept.headers["location"] == "/"


async def test_logging_out_ends_the_session_for_every_copy_of_the_cookie(
    app: Broadside, susans_browser: Browser
) -> None:
    copy = susans_browser.cookies[COOKIE]
    answer = await susans_browser.submit("/auth/logout", page="/auth/sessions")
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    assert COOKIE not in susans_browser.cookies
    async with Browser(app) as thief:
        thief.cookies.set(COOKIE, copy, domain="blog.test", path="/")
        assert (await thief.get("/auth/sessions")).headers["location"].startswith("/auth/login")


async def test_logging_out_twice_is_fine(browser: Browser) -> None:
    assert (await browser.submit("/auth/logout", page="/auth/login")).status_code == 302


async def test_nothing_happens_by_get(susans_browser: Browser) -> None:
    assert (await susans_browser.get("/auth/logout")).status_code == 405
    assert (await susans_browser.get("/auth/sessions/end-others")).status_code == 405
    assert (await susans_browser.get("/auth/sessions")).status_code == 200


async def test_a_disabled_person_is_told_so_only_with_the_right_password(
    make_user: MakeUser, browser: Browser
) -> None:
    await make_user("david", disabled_at=now())
    told = "An administrator has disabled this account"
    right = await browser.submit("/auth/login", {"email": "david", "password": PASSWORD})
    assert right.status_code == 422
    assert told in right.text
    wrong = await browser.submit("/auth/login", {"email": "david", "password": "wrong words"})
    assert wrong.status_code == 422
    assert told not in wrong.text


async def test_disabling_an_account_ends_its_sessions_at_once(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await db.execute(update(User).values(disabled_at=now()))
    await db.commit()
    assert (
        (await susans_browser.get("/auth/sessions")).headers["location"].startswith("/auth/login")
    )


async def test_a_hash_with_other_parameters_is_replaced_on_login(
    app: Broadside, susan: User, browser: Browser, db: AsyncSession
) -> None:
    old = await Passwords(time_cost=2, memory_kib=16).hash(PASSWORD)
    await db.execute(update(User).values(password_hash=old))
    await db.commit()
    await browser.submit("/auth/login", {"email": "susan", "password": "wrong words"})
    assert await db.scalar(select(User.password_hash)) == old
    await browser.log_in("susan")
    new = await db.scalar(select(User.password_hash))
    assert new is not None
    assert new != old
    assert not app.passwords.is_outdated(new)
    async with Browser(app) as another:
        await another.log_in("susan")
    assert await db.scalar(select(User.password_hash)) == new


async def test_a_login_that_a_password_change_overtakes_is_refused(
    app: Broadside, susan: User, browser: Browser, db: AsyncSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    verify = Passwords.verify

    async def verify_while_somebody_resets(
        self: Passwords, stored: str | None, password: str
    ) -> bool:
        matches = await verify(self, stored, password)
        await db.execute(update(User).values(password_hash=await self.hash("another password")))
        await db.commit()
        return matches

    monkeypatch.setattr(Passwords, "verify", verify_while_somebody_resets)
    answer = await browser.submit("/auth/login", {"email": "susan", "password": PASSWORD})
    assert answer.status_code == 422
    assert "has just changed" in answer.text
    assert await db.scalar(select(LoginSession)) is None


async def test_a_form_with_another_sessions_token_is_refused(
    app: Broadside, susan: User, browser: Browser, db: AsyncSession
) -> None:
    async with Browser(app) as attacker:
        token = await attacker.token("/auth/login")
    await browser.get("/auth/login")
    form = {"email": "susan", "password": PASSWORD, "csrf_token": token}
    assert (await browser.post("/auth/login", data=form)).status_code == 400
    assert await db.scalar(select(LoginSession)) is None


async def test_a_password_is_the_same_however_a_keyboard_composes_it(
    app: Broadside, susan: User, browser: Browser, db: AsyncSession
) -> None:
    await db.execute(
        update(User).values(password_hash=await app.passwords.hash("caf\u00e9 cr\u00e8me"))
    )
    await db.commit()
    await browser.log_in("susan", "cafe\u0301 cre\u0300me")


async def test_a_stale_cookie_is_taken_away(susans_browser: Browser, db: AsyncSession) -> None:
    await db.execute(update(LoginSession).values(expires_at=now()))
    await db.commit()
    assert (await susans_browser.get("/")).status_code == 200
    assert COOKIE not in susans_browser.cookies
