"""Known browsers have separate limits for log-in attempts."""

from collections.abc import Awaitable, Callable

import pytest

from blog.core.web.app import Broadside
from blog.models import User
from tests.accounts.clock import later
from tests.accounts.test_login_throttle import EIGHTY_NETWORKS, always, passed
from tests.support import PASSWORD, Browser

NAME = "__Host-device"


def take_away(browser: Browser, name: str) -> None:
    """Delete a cookie, if it exists."""
    for cookie in list(browser.cookies.jar):
        if cookie.name == name:
            browser.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)


async def is_known(app: Broadside, browser: Browser, login: str = "susan") -> bool:
    """Whether a user can log in with a browser after attackers have exhausted the limits."""
    await passed(app, always(login), EIGHTY_NETWORKS[:35])
    take_away(browser, "__Host-login")
    form = {"email": login, "password": PASSWORD}
    answer = await browser.submit("/auth/login", form)
    assert answer.status_code in {302, 429}
    return answer.status_code == 302


async def test_the_cookie_is_for_this_site_alone_and_for_no_script(
    app: Broadside, susan: User, browser: Browser
) -> None:
    headers = (await browser.log_in("susan")).headers.get_list("set-cookie")
    (cookie,) = [header for header in headers if header.startswith(NAME)]
    attributes = {part.strip() for part in cookie.split(";")[1:]}
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=31536000"} <= attributes
    assert await is_known(app, browser)


async def test_a_device_is_known_after_logging_out(app: Broadside, susans_browser: Browser) -> None:
    await susans_browser.submit("/auth/logout", page="/auth/sessions")
    assert await is_known(app, susans_browser)


async def test_a_device_is_known_to_one_account(
    app: Broadside, susans_browser: Browser, make_user: Callable[..., Awaitable[User]]
) -> None:
    await make_user("david")
    assert not await is_known(app, susans_browser, "david")


async def test_a_forged_cookie_opens_nothing(app: Broadside, susans_browser: Browser) -> None:
    cookie = susans_browser.cookies[NAME]
    take_away(susans_browser, NAME)
    forged = cookie[:-1] + ("B" if cookie.endswith("A") else "A")
    susans_browser.cookies.set(NAME, forged, domain="blog.test", path="/")
    assert not await is_known(app, susans_browser)


async def test_a_device_is_forgotten_after_a_year(
    app: Broadside, susan: User, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.log_in("susan")
    with later(days=366):
        assert not await is_known(app, browser)


@pytest.mark.parametrize("how", ["end-others", "change-password"])
async def test_the_owner_has_all_other_devices_forgotten(
    app: Broadside, susan: User, susans_browser: Browser, how: str
) -> None:
    async with Browser(app) as other:
        await other.log_in("susan")
        if how == "end-others":
            await susans_browser.submit("/auth/sessions/end-others", page="/auth/sessions")
        else:
            form = {"old_password": PASSWORD, "password": "12345 words", "password2": "12345 words"}
            await susans_browser.submit("/auth/change-password", form)
            form = {"old_password": "12345 words", "password": PASSWORD, "password2": PASSWORD}
            await susans_browser.submit("/auth/change-password", form)
        assert not await is_known(app, other)
    assert await is_known(app, susans_browser)


async def test_guesses_from_a_known_device_are_limited_too(
    app: Broadside, susans_browser: Browser
) -> None:
    take_away(susans_browser, "__Host-login")
    wrong = {"email": "susan", "password": "wrong words"}
    codes = [(await susans_browser.submit("/auth/login", wrong)).status_code for _ in range(11)]
    assert codes == [422] * 10 + [429]
