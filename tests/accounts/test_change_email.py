"""Changing the e-mail address."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.accounts.links import CHANGE_EMAIL, RESET_PASSWORD, credentials_of
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.tokens import LinkSigner
from blog.core.web.app import Broadside
from blog.models import Role, User
from settings import Settings
from tests.accounts.clock import later
from tests.support import PASSWORD, Browser, link_in, outbox

PAGE = "/auth/change_email"
FORM = {"email": "Susan.New@Example.com", "password": PASSWORD}
MakeUser = Callable[..., Awaitable[User]]


async def link_by_mail(app: Broadside, browser: Browser, **changes: str) -> str:
    """Request a change of address, and return the link from the mail."""
    answer = await browser.submit(PAGE, FORM | changes)
    assert answer.status_code == 302, answer.text
    return link_in((await outbox(app))[-1])


async def address_of(db: AsyncSession, username: str = "susan") -> str | None:
    return await db.scalar(select(User.email).where(User.username == username))


async def test_the_address_changes_by_a_link_that_goes_to_the_new_one(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    link = await link_by_mail(app, susans_browser)
    (mail,) = await outbox(app)
    assert (mail.purpose, mail.recipient) == ("change_email", "susan.new@example.com")
    assert await address_of(db) == "susan@example.com"

    page = await susans_browser.get(link)
    assert page.status_code == 200
    assert "susan.new@example.com" in page.text
    assert await address_of(db) == "susan@example.com"

    answer = await susans_browser.submit(link)
    assert (answer.status_code, answer.headers["location"]) == (302, "/auth/sessions")
    assert await address_of(db) == "susan.new@example.com"
    notice = (await outbox(app))[-1]
    assert (notice.purpose, notice.recipient) == ("email_changed", "susan@example.com")

    async with Browser(app) as another:
        await another.log_in("susan.new@example.com")


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"password": "wrong words"}, "password", "not your password"),
        ({"password": ""}, "password", "Please fill in this field"),
        ({"email": "susan"}, "email", "an email address"),
        ({"email": "SUSAN@example.com"}, "email", "This is already your address"),
        ({"email": "susan@mailinator.com"}, "email", "disposable mail service"),
    ],
)
async def test_a_bad_field_is_told_beside_it_and_no_mail_is_sent(
    app: Broadside, susans_browser: Browser, changes: dict[str, str], field: str, message: str
) -> None:
    answer = await susans_browser.submit(PAGE, FORM | changes)
    assert answer.status_code == 422
    assert f'id="{field}-error">' in answer.text
    assert message in answer.text
    assert PASSWORD not in answer.text
    assert await outbox(app) == []


async def test_the_answer_does_not_tell_whose_address_it_is_and_its_owner_gets_a_mail(
    app: Broadside, susans_browser: Browser, make_user: MakeUser
) -> None:
    await make_user("david")
    # The first request leases from the quotas for the following ones.
    await susans_browser.submit(PAGE, FORM | {"email": "anybody@example.com"})
    await susans_browser.get(PAGE)
    pages, statements = [], []
    for address in ("david@example.com", "nobody@example.com"):
        answer = await susans_browser.submit(PAGE, FORM | {"email": address})
        assert (answer.status_code, answer.headers["location"]) == (302, PAGE)
        timing = answer.headers["server-timing"]
        statements.append(timing.partition('desc="')[2].partition('"')[0])
        page = (await susans_browser.get(PAGE)).text.replace(address, "")
        pages.append(re.sub('value="[^"]*"', "", page))
    assert pages[0] == pages[1]
    assert statements[0] == statements[1]
    mails = [(mail.purpose, mail.recipient) for mail in (await outbox(app))[1:]]
    assert mails == [
        ("email_is_in_use", "david@example.com"),
        ("change_email", "nobody@example.com"),
    ]
    assert "/auth/change_email/" not in (await outbox(app))[1].text


@pytest.mark.parametrize("address", ["david@example.com", "nobody@example.com"])
async def test_the_limit_of_mails_does_not_tell_whose_address_it_is(
    susans_browser: Browser, make_user: MakeUser, address: str
) -> None:
    await make_user("david")
    for _ in range(3):
        answer = await susans_browser.submit(PAGE, FORM | {"email": address})
        assert answer.status_code == 302
    answer = await susans_browser.submit(PAGE, FORM | {"email": address})
    assert answer.status_code == 422
    assert "already sent several links to this address" in answer.text


async def test_an_address_that_was_taken_meanwhile_is_refused_kindly(
    app: Broadside, susans_browser: Browser, make_user: MakeUser, db: AsyncSession
) -> None:
    link = await link_by_mail(app, susans_browser)
    await make_user("susan.new")
    answer = await susans_browser.submit(link)
    assert answer.headers["location"] == PAGE
    page = await susans_browser.get(PAGE)
    assert "already an account with this email address" in page.text
    assert await address_of(db) == "susan@example.com"
    assert len(await outbox(app)) == 1


async def test_of_two_people_who_want_the_same_address_one_gets_it(
    app: Broadside, susans_browser: Browser, make_user: MakeUser, db: AsyncSession
) -> None:
    await make_user("david")
    async with Browser(app) as davids_browser:
        await davids_browser.log_in("david")
        links = [await link_by_mail(app, browser) for browser in (susans_browser, davids_browser)]
        answers = await asyncio.gather(
            susans_browser.submit(links[0], page="/auth/reset"),
            davids_browser.submit(links[1], page="/auth/reset"),
        )
    landed = sorted(answer.headers["location"] for answer in answers)
    assert landed == ["/auth/change_email", "/auth/sessions"]
    owners = await db.scalars(select(User).where(User.email == "susan.new@example.com"))
    assert len(owners.all()) == 1


async def test_a_link_works_once(app: Broadside, susans_browser: Browser, db: AsyncSession) -> None:
    link = await link_by_mail(app, susans_browser)
    twice = (susans_browser.submit(link, page="/auth/reset") for _ in range(2))
    answers = await asyncio.gather(*twice)
    assert sorted(answer.status_code for answer in answers) == [302, 400]
    again = await susans_browser.get(link)
    assert again.status_code == 400
    assert f'href="{PAGE}"' in again.text
    assert len(await outbox(app)) == 2


async def test_a_stranger_with_the_link_has_to_log_in(
    app: Broadside, susans_browser: Browser, browser: Browser, db: AsyncSession
) -> None:
    link = await link_by_mail(app, susans_browser)
    asked = await browser.get(link)
    assert asked.headers["location"] == f"/auth/login?next={link}"
    refused = await browser.submit(link, page="/auth/login")
    assert refused.headers["location"] == "/auth/login"
    assert await address_of(db) == "susan@example.com"
    login = {"email": "susan", "password": PASSWORD}
    led_back = await browser.submit(asked.headers["location"], login)
    assert led_back.headers["location"] == link


async def test_somebody_else_cannot_use_the_link(
    app: Broadside, susans_browser: Browser, browser: Browser, make_user: MakeUser,
    db: AsyncSession,
) -> None:  # fmt: skip
    link = await link_by_mail(app, susans_browser)
    await make_user("david")
    await browser.log_in("david")
    for answer in (await browser.get(link), await browser.submit(link, page="/auth/sessions")):
        assert answer.status_code == 400
        assert "This link is for another account" in answer.text
    assert await address_of(db) == "susan@example.com"
    assert await address_of(db, "david") == "david@example.com"


async def test_the_link_dies_with_the_password(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    link = await link_by_mail(app, susans_browser)
    new = {"old_password": PASSWORD, "password": "a new password", "password2": "a new password"}
    await susans_browser.submit("/auth/change-password", new)
    assert (await susans_browser.get(link)).status_code == 400
    assert (await susans_browser.submit(link, page="/auth/sessions")).status_code == 400
    assert await address_of(db) == "susan@example.com"


async def test_of_two_links_the_first_used_wins(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    first = await link_by_mail(app, susans_browser)
    second = await link_by_mail(app, susans_browser, email="third@example.com")
    await susans_browser.submit(second)
    assert (await susans_browser.submit(first, page="/auth/sessions")).status_code == 400
    assert await address_of(db) == "third@example.com"


async def test_the_link_expires_after_an_hour(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    link = await link_by_mail(app, susans_browser)
    with later(hours=1, seconds=2):
        page = await susans_browser.get(link)
        assert page.status_code == 400
        assert "This link has expired" in page.text
        assert (await susans_browser.submit(link, page="/auth/sessions")).status_code == 400
    assert await address_of(db) == "susan@example.com"


async def test_bad_links_are_refused_and_change_nothing(
    app: Broadside, susan: User, susans_browser: Browser, db: AsyncSession
) -> None:
    content = {
        "user": susan.id, "email": "x@example.com", "credentials": credentials_of(susan),
    }  # fmt: skip
    good = app.links.sign(CHANGE_EMAIL, content)
    bad = {
        "changed": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "truncated": good[:-5],
        "nonsense": "nonsense",
        "of another purpose": app.links.sign(RESET_PASSWORD, content),
        "another site": LinkSigner(["another key"]).sign(CHANGE_EMAIL, content),
        "of nobody": app.links.sign(CHANGE_EMAIL, content | {"user": 999_999}),
        "of other credentials": app.links.sign(CHANGE_EMAIL, content | {"credentials": "0" * 32}),
    }
    for what, token in bad.items():
        assert (await susans_browser.get(f"{PAGE}/{token}")).status_code == 400, what
        answer = await susans_browser.submit(f"{PAGE}/{token}", page="/auth/sessions")
        assert answer.status_code == 400, what
    assert await address_of(db) == "susan@example.com"


async def test_who_mistyped_the_address_on_registering_confirms_the_right_one(
    app: Broadside, make_user: MakeUser, browser: Browser, db: AsyncSession
) -> None:
    david = await make_user("david", confirmed=False)
    await browser.log_in("david")
    assert f'href="{PAGE}"' in (await browser.get("/auth/unconfirmed")).text
    await browser.submit(await link_by_mail(app, browser, email="right@example.com"))
    stored = await db.get_one(User, david.id)
    assert (stored.email, stored.is_confirmed) == ("right@example.com", True)


async def test_the_role_of_an_unproved_address_stays_behind(
    app: Broadside, make_settings: Callable[..., Settings], browser: Browser, db: AsyncSession
) -> None:
    site = create_app(make_settings(admin_email="boss@example.com"))
    site.passwords = Passwords(time_cost=1, memory_kib=8)
    async with site.test_app(), Browser(site) as attacker:
        form = {"email": "boss@example.com", "username": "mallory",
                "password": PASSWORD, "password2": PASSWORD}  # fmt: skip
        await attacker.submit("/auth/register", form)
        own = await link_by_mail(site, attacker, email="mallory@example.com")
        await attacker.submit(own)
        role = await db.scalar(select(Role.name).join(User, User.role_id == Role.id))
        assert role == "User"
        assert (await attacker.get("/admin/users")).status_code == 403


async def test_a_confirmed_person_keeps_the_role(
    app: Broadside, make_user: MakeUser, browser: Browser, db: AsyncSession
) -> None:
    await make_user("david", role="Moderator")
    await browser.log_in("david")
    await browser.submit(await link_by_mail(app, browser))
    role = await db.scalar(select(Role.name).join(User, User.role_id == Role.id))
    assert role == "Moderator"


async def test_an_address_is_not_flooded_with_links(
    app: Broadside, susans_browser: Browser
) -> None:
    for _ in range(3):
        await link_by_mail(app, susans_browser)
    answer = await susans_browser.submit(PAGE, FORM)
    assert answer.status_code == 422
    assert "several links" in answer.text
    assert len(await outbox(app)) == 3


async def test_a_stranger_is_asked_to_log_in(browser: Browser) -> None:
    assert (await browser.get(PAGE)).headers["location"] == f"/auth/login?next={PAGE}"
    refused = await browser.submit(PAGE, FORM, page="/auth/login")
    assert "been logged out" in refused.text


async def test_the_page_leaves_no_trace_of_its_address(
    app: Broadside, susans_browser: Browser
) -> None:
    headers = (await susans_browser.get(await link_by_mail(app, susans_browser))).headers
    assert headers["referrer-policy"] == "strict-origin"
    assert headers["cache-control"] == "no-store"
