"""Resetting the password by mail."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.links import CONFIRM, RESET_PASSWORD, credentials_of
from blog.core.clock import now
from blog.core.crypto.tokens import LinkSigner
from blog.core.web.app import Broadside
from blog.models import LoggedEvent, User
from tests.accounts.clock import later
from tests.accounts.test_login_throttle import statuses
from tests.accounts.test_sessions import is_logged_in
from tests.support import PASSWORD, Browser, link_in, outbox

NEW = "another horse battery"
FORM = {"password": NEW, "password2": NEW}
MakeUser = Callable[..., Awaitable[User]]


async def link_by_mail(app: Broadside, email: str = "susan@example.com") -> str:
    """Request a reset link anonymously, and return it from the mail."""
    async with Browser(app) as browser:
        await browser.submit("/auth/reset", {"email": email})
    return link_in((await outbox(app))[-1])


async def can_log_in(app: Broadside, password: str, login: str = "susan") -> bool:
    async with Browser(app) as browser:
        form = {"email": login, "password": password}
        return (await browser.submit("/auth/login", form)).status_code == 302


async def test_a_password_is_reset_by_mail(app: Broadside, susan: User, browser: Browser) -> None:
    link = await link_by_mail(app)
    assert (await browser.get(link)).status_code == 200
    assert await can_log_in(app, PASSWORD)
    answer = await browser.submit(link, FORM)
    assert (answer.status_code, answer.headers["location"]) == (302, "/auth/login")
    assert "Password changed" in (await browser.get("/auth/login")).text
    assert not await can_log_in(app, PASSWORD)
    assert await can_log_in(app, NEW)
    purposes = [mail.purpose for mail in await outbox(app)]
    assert purposes == ["reset_password", "password_changed"]


async def test_the_answer_does_not_tell_whether_the_address_is_known(
    app: Broadside, susan: User, browser: Browser
) -> None:
    pages = []
    for email in ("susan@example.com", "nobody@example.com"):
        answer = await browser.submit("/auth/reset", {"email": email})
        assert (answer.status_code, answer.headers["location"]) == (302, "/auth/login")
        page = await browser.get("/auth/login")
        assert "an account with this address" in page.text
        pages.append((answer.status_code, len(page.text)))
    assert pages[0] == pages[1]
    assert [mail.recipient for mail in await outbox(app)] == ["susan@example.com"]


async def test_the_address_may_be_typed_in_any_case_but_has_to_be_one(
    app: Broadside, susan: User, browser: Browser
) -> None:
    bad = await browser.submit("/auth/reset", {"email": "susan"})
    assert bad.status_code == 422
    assert "an email address" in bad.text
    await browser.submit("/auth/reset", {"email": " SUSAN@Example.com "})
    assert len(await outbox(app)) == 1


async def test_a_reset_link_works_once(app: Broadside, susan: User, browser: Browser) -> None:
    link = await link_by_mail(app)
    await browser.submit(link, FORM)
    again = await browser.get(link)
    assert again.status_code == 400
    assert "This link doesn’t work" in again.text
    assert 'href="/auth/reset"' in again.text
    third = {"password": "a third password", "password2": "a third password"}
    refused = await browser.submit(link, third, page="/auth/login")
    assert refused.status_code == 400
    assert await can_log_in(app, NEW)


async def test_of_two_simultaneous_resets_one_wins(app: Broadside, susan: User) -> None:
    link = await link_by_mail(app)
    passwords = ["one horse battery", "two horse battery"]
    async with Browser(app) as one, Browser(app) as other:
        answers = await asyncio.gather(
            *(
                # The page of the link has no form once the other one was quicker.
                browser.submit(
                    link, {"password": password, "password2": password}, page="/auth/reset"
                )
                for browser, password in zip((one, other), passwords, strict=True)
            )
        )
    codes = [answer.status_code for answer in answers]
    assert sorted(codes) == [302, 400]
    assert await can_log_in(app, passwords[codes.index(302)])
    assert not await can_log_in(app, passwords[codes.index(400)])
    assert len(await outbox(app)) == 2


async def test_opening_the_link_changes_nothing(
    app: Broadside, susan: User, browser: Browser, db: AsyncSession
) -> None:
    link = await link_by_mail(app)
    for _ in range(3):
        assert (await browser.get(link)).status_code == 200
    assert await db.scalar(select(User.password_hash)) == susan.password_hash


async def test_every_session_ends(app: Broadside, susans_browser: Browser) -> None:
    link = await link_by_mail(app)
    async with Browser(app) as other, Browser(app) as stranger:
        await other.log_in("susan")
        await stranger.submit(link, FORM)
        assert not await is_logged_in(other)
    assert not await is_logged_in(susans_browser)


async def test_who_is_logged_in_may_use_the_link_and_is_logged_out(
    app: Broadside, susans_browser: Browser
) -> None:
    await susans_browser.submit(await link_by_mail(app), FORM)
    assert "__Host-login" not in susans_browser.cookies
    assert not await is_logged_in(susans_browser)


async def test_a_link_for_another_account_than_the_one_logged_in_is_refused(
    app: Broadside, susans_browser: Browser, make_user: MakeUser
) -> None:
    await make_user("david")
    link = await link_by_mail(app, "david@example.com")
    for answer in (
        await susans_browser.get(link),
        await susans_browser.submit(link, FORM, page="/auth/sessions"),
    ):
        assert answer.status_code == 400
        assert "This link is for another account" in answer.text
    assert await can_log_in(app, PASSWORD, "david")


async def test_the_link_dies_when_the_password_changes_otherwise(
    app: Broadside, susans_browser: Browser, browser: Browser
) -> None:
    link = await link_by_mail(app)
    change = FORM | {"old_password": PASSWORD}
    await susans_browser.submit("/auth/change-password", change)
    assert (await browser.get(link)).status_code == 400


async def test_the_link_dies_when_the_address_changes(
    app: Broadside, susan: User, browser: Browser, db: AsyncSession
) -> None:
    link = await link_by_mail(app)
    await db.execute(update(User).values(email="new@example.com"))
    await db.commit()
    assert (await browser.get(link)).status_code == 400


async def test_the_link_expires_after_an_hour(
    app: Broadside, susan: User, browser: Browser
) -> None:
    link = await link_by_mail(app)
    with later(minutes=59):
        assert (await browser.get(link)).status_code == 200
    with later(hours=1, seconds=2):
        answer = await browser.get(link)
        assert answer.status_code == 400
        assert "This link has expired" in answer.text
        assert (await browser.submit(link, FORM, page="/auth/login")).status_code == 400
    assert await can_log_in(app, PASSWORD)


async def test_bad_links_are_refused_and_change_nothing(
    app: Broadside, susan: User, browser: Browser
) -> None:
    content = {"user": susan.id, "credentials": credentials_of(susan)}
    good = app.links.sign(RESET_PASSWORD, content)
    bad = {
        "changed": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "truncated": good[:-5],
        "nonsense": "nonsense",
        "of another purpose": app.links.sign(CONFIRM, content),
        "another site": LinkSigner(["another key"]).sign(RESET_PASSWORD, content),
        "of nobody": app.links.sign(RESET_PASSWORD, content | {"user": 999_999}),
        "of other credentials": app.links.sign(RESET_PASSWORD, content | {"credentials": "0" * 32}),
    }
    for what, token in bad.items():
        answer = await browser.get(f"/auth/reset/{token}")
        assert answer.status_code == 400, what
        assert "This link doesn’t work" in answer.text, what
        answer = await browser.submit(f"/auth/reset/{token}", FORM, page="/auth/login")
        assert answer.status_code == 400, what
    assert (await browser.get(f"/auth/reset/{good}")).status_code == 200
    assert await can_log_in(app, PASSWORD)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"password": "short"}, "at least 8 characters"),
        ({"password": "iloveyou"}, "too common"),
        ({"password": "SUSAN@example.com"}, "be your username"),
        ({"password2": "different"}, "The passwords don"),
    ],
)
async def test_a_bad_new_password_is_reported_and_the_link_still_works(
    app: Broadside, susan: User, browser: Browser, changes: dict[str, str], message: str
) -> None:
    link = await link_by_mail(app)
    form = FORM | {"password2": changes.get("password", NEW)} | changes
    answer = await browser.submit(link, form)
    assert answer.status_code == 422
    assert message in answer.text
    assert (await browser.submit(link, FORM)).status_code == 302


async def test_the_page_leaves_no_trace_of_its_address(
    app: Broadside, susan: User, browser: Browser
) -> None:
    link = await link_by_mail(app)
    for address in (link, link[:-1]):
        headers = (await browser.get(address)).headers
        assert headers["referrer-policy"] == "strict-origin"
        assert headers["cache-control"] == "no-store"


async def test_a_password_reset_confirms_the_address(
    app: Broadside, make_user: MakeUser, browser: Browser, db: AsyncSession
) -> None:
    david = await make_user("david", confirmed=False)
    await browser.submit(await link_by_mail(app, "david@example.com"), FORM)
    assert (await db.get_one(User, david.id)).is_confirmed
    assert await db.scalar(select(func.count()).where(LoggedEvent.kind == "AccountConfirmed")) == 1


async def test_no_more_than_three_links_an_hour_are_sent(
    app: Broadside, susan: User, browser: Browser
) -> None:
    for _ in range(5):
        answer = await browser.submit("/auth/reset", {"email": "susan@example.com"})
        assert answer.status_code == 302
        mails = await outbox(app)
    assert len(mails) == 3
    for mail in mails:
        assert (await browser.get(link_in(mail))).status_code == 200


async def test_a_password_reset_ends_a_lock_out(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    await statuses(app, 6, "susan", "198.51.100.7")
    async with Browser(app, "198.51.100.7") as browser:
        await browser.submit(await link_by_mail(app), FORM)
        await browser.log_in("susan", NEW)
    assert await statuses(app, 1, "susan", "198.51.100.7", NEW) == [302]


async def test_a_disabled_account_stays_shut(
    app: Broadside, make_user: MakeUser, browser: Browser
) -> None:
    await make_user("david", disabled_at=now())
    await browser.submit(await link_by_mail(app, "david@example.com"), FORM)
    assert not await can_log_in(app, NEW, "david")


async def test_a_form_without_a_csrf_token_is_refused(
    app: Broadside, susan: User, browser: Browser
) -> None:
    link = await link_by_mail(app)
    assert (await browser.post(link, data=FORM)).status_code == 400
    assert await can_log_in(app, PASSWORD)
