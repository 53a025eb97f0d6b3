"""Private pages are not stored by browsers, and GET requests change nothing."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.deletion.service import DELETE_ACCOUNT
from blog.accounts.links import CHANGE_EMAIL, CONFIRM, RESET_PASSWORD, credentials_of
from blog.core.web.app import Broadside
from blog.models import Base
from tests.support import Browser, add_user
from tests.test_route_access import LOG_IN, TABLE, ids

__all__ = ["ids"]

# Also what is for strangers there must not be kept: the CSRF token in it ends with the log-in.
PAGES = [row for row in TABLE if row.route.startswith("GET ")]
PRIVATE = [row for row in PAGES if row.access.anonymous in (LOG_IN, 204) or "/auth/" in row.route]
PUBLIC = ["/", "/post/{post}", "/user/bob", "/followers/bob", "/followed_by/bob"]


@pytest.mark.parametrize("row", PRIVATE, ids=[row.route for row in PRIVATE])
async def test_a_page_for_one_person_alone_is_kept_nowhere(
    app: Broadside, ids: dict[str, int], row: object
) -> None:
    address = (row.address or row.route.removeprefix("GET ")).format_map(ids)  # type: ignore[attr-defined]
    shown = []
    for kind in ("anonymous", "unconfirmed", "user", "moderator", "administrator"):
        async with Browser(app) as browser:
            if kind != "anonymous":
                await browser.open_session(kind)
            # A GET of live updates has no end.
            is_endless = address.endswith("/stream")
            answer = await (browser.head if is_endless else browser.get)(address)
        if answer.status_code == 200:
            shown.append(kind)
            assert answer.headers["cache-control"] == "no-store", (kind, address)
            assert "etag" not in answer.headers
    assert shown or row.access.administrator != 200, "nobody has seen it"  # type: ignore[attr-defined]


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
    counted = {"rate_limits", "roles"}
    return {
        table.name: [tuple(row) for row in await db.execute(table.select())]
        for table in Base.metadata.sorted_tables
        if table.name not in counted
    }
