"""Texts that would take minutes to normalise are refused on every route."""

import time
from collections.abc import Awaitable, Callable

import httpx
import pytest

from blog.core.web.app import Broadside
from blog.models import User
from tests.support import PASSWORD, Browser

# A little less than the largest body.
MARKS = "\u0301" * 170_000 + "\u0316" * 170_000


async def register(browser: Browser) -> httpx.Response:
    account = {"email": f"{MARKS}@example.com", "username": "susan", "password": PASSWORD}
    return await browser.post("/api/v1/users/", json=account)


async def change_profile(browser: Browser) -> httpx.Response:
    return await browser.patch(
        "/api/v1/me", json={"name": MARKS}, auth=("susan@example.com", PASSWORD)
    )


async def make_token(browser: Browser) -> httpx.Response:
    return await browser.post(
        "/api/v1/tokens/", json={"name": MARKS}, auth=("susan@example.com", PASSWORD)
    )


async def reset_password(browser: Browser) -> httpx.Response:
    return await browser.submit("/auth/reset", {"email": MARKS[::3]})


async def search_people(browser: Browser) -> httpx.Response:
    await browser.log_in("susan")
    return await browser.get("/admin/users", params={"q": MARKS[165_000:175_000]})


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (register, 422),
        (change_profile, 422),
        (make_token, 422),
        (reset_password, 422),
        (search_people, 400),
    ],
)
async def test_combining_marks_are_counted_before_they_are_sorted(
    app: Broadside,
    browser: Browser,
    make_user: Callable[..., Awaitable[User]],
    send: Callable[[Browser], Awaitable[httpx.Response]],
    status: int,
) -> None:
    await make_user("susan", role="Administrator")
    started = time.process_time()
    answer = await send(browser)
    assert answer.status_code == status
    assert time.process_time() - started < 5
