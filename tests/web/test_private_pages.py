"""Which pages browsers keep, and that GET requests change nothing."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.deletion.service import DELETE_ACCOUNT
from blog.accounts.links import CHANGE_EMAIL, CONFIRM, RESET_PASSWORD, credentials_of
from blog.core.web.app import Broadside
from blog.models import Base
from tests.support import Browser, add_user
from tests.test_route_access import ids

__all__ = ["ids"]

PUBLIC = ["/", "/post/{post}", "/user/bob", "/followers/bob", "/followed_by/bob"]


async def test_the_endless_page_is_kept_nowhere(app: Broadside, ids: dict[str, int]) -> None:
    """Of the others says so `tests/test_route_access.py`."""
    for kind in ("unconfirmed", "user", "moderator", "administrator"):
        async with Browser(app) as browser:
            await browser.open_session(kind)
            answer = await browser.head("/notifications/stream")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store", kind
        assert "etag" not in answer.headers


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_page_for_everybody_is_kept_by_the_browser_and_asked_for_again(
    app: Broadside, ids: dict[str, int], address: str
) -> None:
    async with Browser(app) as browser:
        await browser.open_session("user")
        answer = await browser.get(address.format_map(ids))
    assert answer.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("logged_in", [True, False])
async def test_opening_a_link_in_a_mail_changes_nothing(
    app: Broadside, db: AsyncSession, make_user: Callable[..., object], method: str, logged_in: bool
) -> None:
    user = await add_user(app, "david", confirmed=False)
    credentials = {"user": user.id, "credentials": credentials_of(user)}
    links = {
        "/auth/confirm/": (CONFIRM, {"user": user.id, "email": user.email}),
        "/auth/reset/": (RESET_PASSWORD, credentials),
        "/auth/change_email/": (CHANGE_EMAIL, credentials | {"email": "new@example.com"}),
        "/auth/delete-account/": (DELETE_ACCOUNT, credentials),
    }
    async with Browser(app) as browser:
        if logged_in:
            await browser.log_in("david")
        before = await everything(db)
        for address, (purpose, content) in links.items():
            link = address + app.links.sign(purpose, content)
            answer = await browser.request(method, link)
            assert answer.status_code == 200 or not logged_in, address
            if answer.status_code == 200 and method == "GET":
                assert re.search(r'<form method="post"', answer.text)
        assert await everything(db) == before


async def everything(db: AsyncSession) -> dict[str, list[object]]:
    """All rows, but for those that count and note who is there."""
    await db.rollback()
    counted = {
        "rate_limits",
        "roles",
        "daily_figures",
        "monthly_activity",
        "route_days",
        "view_salts",
    }
    return {
        table.name: [tuple(row) for row in await db.execute(table.select())]
        for table in Base.metadata.sorted_tables
        if table.name not in counted
    }
