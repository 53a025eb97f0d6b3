"""Unsubscribing by one click, as a person, a mail program and a link scanner do it."""

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Subscription, User
from tests.jobs import finish_jobs
from tests.subscriptions.support import (
    add_subscribers,
    post_mails,
    publish,
    subscriber_count,
    subscriptions,
    way_out,
)
from tests.support import Browser

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
async def link(app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession) -> str:
    """The path in the mail to the first of three subscribers."""
    await add_subscribers(db, susan, 3)
    await publish(susans_browser)
    await finish_jobs(app, "mail_post_to_subscribers")
    return way_out((await post_mails(app))[0])


async def ended(db: AsyncSession) -> list[str]:
    return [each.email for each in await subscriptions(db) if each.ended_at]


async def test_a_mail_program_unsubscribes_from_another_site_without_a_cookie(
    browser: Browser, link: str, db: AsyncSession, susan: User
) -> None:
    for headers in (
        {},
        {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
    ):
        answer = await browser.post(link, data=ONE_CLICK, headers=headers)
        assert answer.status_code == 200
        assert await ended(db) == ["reader0@example.com"]
    files = {"List-Unsubscribe": (None, "One-Click")}  # As multipart/form-data.
    assert (await browser.post(link, files=files)).status_code == 200
    assert await subscriber_count(db, susan) == 2


async def test_looking_changes_nothing_and_a_button_and_another_one_do(
    browser: Browser, link: str, db: AsyncSession
) -> None:
    page = await browser.get(link)
    assert page.status_code == 200
    assert "Unsubscribe from <bdi>susan</bdi>’s posts?" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "strict-origin"
    assert await ended(db) == []
    assert "You’re unsubscribed" in (await browser.post(link)).text
    assert await ended(db) == ["reader0@example.com"]
    assert "reader0" not in (await browser.get(link)).text
    answer = await browser.submit(f"{link}/undo", page=link)
    assert (answer.status_code, answer.headers["location"]) == (302, link)
    assert await ended(db) == []


async def test_to_undo_it_takes_our_own_page(browser: Browser, link: str, db: AsyncSession) -> None:
    await browser.post(link, data=ONE_CLICK)
    for headers in ({}, {"Origin": "https://evil.example"}):
        answer = await browser.post(f"{link}/undo", data=ONE_CLICK, headers=headers)
        assert answer.status_code == 400
    assert await ended(db) == ["reader0@example.com"]


async def test_a_token_that_is_altered_or_made_for_something_else_does_nothing(
    app: Broadside, browser: Browser, link: str, db: AsyncSession
) -> None:
    token = link.rpartition("/")[2]
    confirming = app.links.sign("confirm subscription", {"subscription": 1})
    for wrong in (token[:-1], f"{token}x", token[::-1], confirming, "x", "%00", "é"):
        address = f"/subscriptions/unsubscribe/{wrong}"
        for answer in (await browser.get(address), await browser.post(address, data=ONE_CLICK)):
            assert answer.status_code in {400, 404}, wrong
    assert await ended(db) == []


async def test_a_link_holds_for_years_and_even_when_the_subscription_is_gone(
    app: Broadside, browser: Browser, link: str, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 2_000_000_000.0 * 2)
    assert "Unsubscribe from" in (await browser.get(link)).text
    await db.delete(await db.get_one(Subscription, 1))
    await db.commit()
    for answer in (await browser.get(link), await browser.post(link, data=ONE_CLICK)):
        assert answer.status_code == 200
        assert "You’re not subscribed" in answer.text
    assert (await browser.submit(f"{link}/undo", page="/auth/login")).status_code == 400


async def test_somebody_else_who_is_logged_in_may_use_the_link(
    susans_browser: Browser, link: str, db: AsyncSession
) -> None:
    """It names the subscription; who is logged in has nothing to do with it."""
    assert (await susans_browser.post(link)).status_code == 200
    assert await ended(db) == ["reader0@example.com"]


async def test_all_other_forms_need_their_token(browser: Browser) -> None:
    answer = await browser.post("/user/susan/subscribe", data={"email": "a@example.com"})
    assert isinstance(answer, httpx.Response)
    assert answer.status_code == 400
