"""Quotas of pages, and their error messages."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NoReturn

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.auth import quotas
from blog.core.auth.quotas import PREVIEWING, WRITING
from blog.core.errors import TooManyRequestsError
from blog.core.web.app import Broadside
from blog.core.web.rate_limits import Bucket, RateLimits
from blog.core.web.requests import SAFE_METHODS
from blog.core.web.uploads import LIMIT
from blog.models import User
from settings import Settings
from tests.accounts.clock import refill
from tests.api.support import Client, add_token, assert_problem
from tests.support import PASSWORD, Browser, add_user, outbox

MakeUser = Callable[..., Awaitable[User]]

ACCOUNT = {"password": "long enough words", "password2": "long enough words"}
TYPED = {"body": "My words.", "password": "my secret"}
ENOUGH = "sent too many requests. Try again in"


class NothingLeft(RateLimits):
    """Refuses everything."""

    async def spend(self, *buckets: Bucket) -> NoReturn:
        assert buckets
        raise TooManyRequestsError(timedelta(seconds=90))


def writes(app: Broadside) -> list[tuple[str, str]]:
    """The method and an address of each route that may change something."""
    return [
        (method, re.sub(r"<[^>]+>", "1", re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - SAFE_METHODS)
    ]


def is_upload(app: Broadside, method: str, address: str) -> bool:
    """Whether a file may be sent there."""
    endpoint, _ = app.url_map.bind("blog.test").match(address, method=method)
    return hasattr(app.view_functions[endpoint], LIMIT)


async def test_every_route_that_changes_something_has_a_quota(
    app: Broadside, subtests: pytest.Subtests
) -> None:
    routes = writes(create_app(Settings(_env_file=None, env="development")))  # type: ignore[call-arg]
    token = await add_token(app, await add_user(app, "administrator", role="Administrator"))
    async with Browser(app) as browser, Client(app, token=token) as client:
        await browser.open_session("administrator")
        form = {"csrf_token": await browser.token("/")} | TYPED
        for method, address in routes:
            # One that remembers no refusal.
            app.rate_limits = NothingLeft(app.database)
            with subtests.test(f"{method} {address}"):
                if address.startswith("/api/"):
                    url = f"https://blog.test{address}"
                    answer = await client.request(method, url, json={})
                    assert_problem(answer, 429)
                else:
                    answer = await browser.post(address, data=form)
                    assert_gives_back(answer, address, is_upload(app, method, address))
                assert answer.headers["retry-after"] == "90"


def assert_gives_back(answer: httpx.Response, address: str, is_upload: bool) -> None:
    """Check that what was typed can be sent again, except for passwords.

    A page cannot fill in a file, so what was typed next to one can be copied.
    """
    assert answer.status_code == 429
    assert f"{ENOUGH} 2 minutes." in answer.text
    text = re.search(r"<textarea([^>]*)>\nMy words.</textarea>", answer.text)
    assert text
    assert (f'action="{address}"' in answer.text) == (not is_upload)
    assert ("readonly" in text[1]) == is_upload
    assert "my secret" not in answer.text


async def until_refused(
    browser: Browser, action: str, data: dict[str, str], *, page: str = "/", most: int = 30
) -> int:
    """How often a form can be sent until it is refused with 429."""
    form = {"csrf_token": await browser.token(page), **data}
    for number in range(most):
        answer = await browser.post(action, data=form)
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1
            return number
    raise AssertionError(f"{action} was not refused")


@pytest.mark.parametrize(
    ("action", "data", "name"),
    [
        ("/", {"body": "My words."}, "WRITING"),
        ("/", {"body": "My words.", "preview": "1"}, "PREVIEWING"),
        ("/preview", {"body": "My words."}, "PREVIEWING"),
        ("/follow/david", {}, "FOLLOWING"),
    ],
)
async def test_a_user_has_one_quota_in_all_browsers(
    app: Broadside, susan: User, make_user: MakeUser, action: str, data: dict[str, str],
    name: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await make_user("david")
    small = getattr(quotas, name)._replace(number=5)

    async def spend(quota: quotas.Quota, spend: Callable[..., Awaitable[None]] = quotas.spend):
        await spend(small if quota.name == small.name else quota)

    monkeypatch.setattr(quotas, "spend", spend)
    async with Browser(app, "198.51.100.7") as home, Browser(app, "203.0.113.7") as work:
        await home.log_in("susan")
        await work.log_in("susan")
        assert await until_refused(home, action, data) == 5
        assert await until_refused(work, action, data) == 0
        await home.submit("/auth/logout", page="/auth/sessions")
        await home.log_in("david")
        assert await until_refused(home, action, data) == 5


async def test_a_person_who_writes_a_lot_meets_no_limit(
    app: Broadside, susans_browser: Browser
) -> None:
    form = {"csrf_token": await susans_browser.token("/"), "body": "My words."}
    for _ in range(50):
        assert (await susans_browser.post("/", data=form)).status_code == 302
        assert (await susans_browser.post("/preview", data=form)).status_code == 200
    assert WRITING.number >= 100
    assert PREVIEWING.number >= 60


async def test_twenty_accounts_an_hour_are_made_from_an_address_by_the_page_and_the_api(
    app: Broadside,
) -> None:
    def account(number: int) -> dict[str, str]:
        return ACCOUNT | {"email": f"{number}@example.com", "username": f"person{number}"}

    async with (
        Browser(app, "198.51.100.7") as browser,
        Client(app, address="198.51.100.7") as client,
    ):
        made = [await client.post("/users/", json=account(number)) for number in range(10)]
        assert {answer.status_code for answer in made} == {201}
        # Invalid input does not count.
        assert (await browser.submit("/auth/register", {"username": "x"})).status_code == 422
        for number in range(10, 20):
            assert (await browser.submit("/auth/register", account(number))).status_code == 302
            browser.cookies.clear()  # Registering logs in.
        refused = await client.post("/users/", json=account(20))
        assert_problem(refused, 429)
        assert 120 < int(refused.headers["retry-after"]) <= 180
        page = await browser.submit("/auth/register", account(20))
    assert page.status_code == 429
    assert 120 < int(page.headers["retry-after"]) <= 180
    assert "Try again in 3 minutes." in page.text
    assert 'value="20@example.com"' in page.text
    assert 'value="person20"' in page.text
    async with Client(app, address="198.51.100.8") as neighbour:
        assert (await neighbour.post("/users/", json=account(20))).status_code == 201


@pytest.mark.parametrize("known", [True, False])
async def test_twenty_links_an_hour_are_asked_for_from_an_address(
    app: Broadside, make_user: MakeUser, known: bool
) -> None:
    names = [f"person{number}" for number in range(21)]
    for name in names if known else []:
        await make_user(name)
    async with Browser(app, "198.51.100.7") as browser:
        for name in names[:20]:
            answer = await browser.submit("/auth/reset", {"email": f"{name}@example.com"})
            assert answer.status_code == 302
        answer = await browser.submit("/auth/reset", {"email": f"{names[20]}@example.com"})
    assert answer.status_code == 429
    assert 120 < int(answer.headers["retry-after"]) <= 180
    assert "Try again in 3 minutes." in answer.text
    assert 'value="person20@example.com"' in answer.text
    assert len(await outbox(app)) == (20 if known else 0)


async def test_no_more_links_wait_to_be_sent_than_a_process_can_remember(
    app: Broadside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.backlog, "_most", 0)
    async with Browser(app) as browser:
        answer = await browser.submit("/auth/reset", {"email": "susan@example.com"})
    assert answer.status_code == 429
    assert "Try again in 20 seconds." in answer.text


async def test_a_person_asks_for_six_links_to_new_addresses_a_day(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    def form(number: int) -> dict[str, str]:
        return {"email": f"stranger{number}@example.com", "password": PASSWORD}

    for number in range(6):
        answer = await susans_browser.submit("/auth/change_email", form(number))
        assert answer.status_code == 302
    answer = await susans_browser.submit("/auth/change_email", form(6))
    assert answer.status_code == 429
    assert "Try again in 4 hours." in answer.text
    assert 'value="stranger6@example.com"' in answer.text
    assert len(await outbox(app)) == 6
    await refill(app, db, hours=4)
    assert (await susans_browser.submit("/auth/change_email", form(6))).status_code == 302


async def test_without_limits_nothing_is_counted(
    app: Broadside, susan: User, make_settings: Callable[..., Settings]
) -> None:
    unlimited = create_app(make_settings(rate_limits=False))
    unlimited.passwords = app.passwords
    async with unlimited.test_app(), Browser(unlimited) as browser:
        await browser.log_in("susan")
        unlimited.rate_limits = NothingLeft(unlimited.database)
        assert (await browser.submit("/", {"body": "My words."})).status_code == 302
