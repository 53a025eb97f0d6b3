"""Registration."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.crypto.passwords import Passwords
from blog.core.web.app import Broadside
from blog.models import Permission, Role, User
from settings import Settings
from tests.support import PASSWORD, Browser, link_in, outbox

FORM = {
    "email": "Susan@Example.com",
    "username": "susan",
    "password": PASSWORD,
    "password2": PASSWORD,
}


async def test_a_stranger_becomes_a_writer(app: Broadside, browser: Browser) -> None:
    answer = await browser.submit("/auth/register", FORM)
    assert (answer.status_code, answer.headers["location"]) == (302, "/")

    (mail,) = await outbox(app)
    assert mail.recipient == "susan@example.com"
    home = (await browser.get("/")).text
    assert "Welcome! You&#39;re logged in." in home
    assert "Confirm your email address to post." in home

    await browser.submit(link_in(mail))
    assert "Your address is confirmed" in (await browser.get("/")).text

    written = await browser.submit("/", {"body": "Hello *world*"})
    assert written.status_code == 302
    assert "Hello <em>world</em>" in (await browser.get("/")).text


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "", "Please fill in this field"),
        ("email", "susan", "an email address"),
        ("email", "susan@example.com\r\nBcc: x@example.com", "an email address"),
        ("username", "", "Please fill in this field"),
        ("username", "1susan", "Start with a letter"),
        ("username", "_susan", "Start with a letter"),
        ("username", "su san", "Start with a letter"),
        ("username", "susan\u202e", "Start with a letter"),
        ("username", "sus\u0430n", "Start with a letter"),  # a Cyrillic letter
        ("username", "s" * 65, "at most 64 characters"),
        ("password", "short12", "at least 8 characters"),
        ("password", "x" * 129, "at most 128 characters"),
        ("password", "iloveyou", "too common"),
        ("password", "ILoveYou", "too common"),
        ("password2", "be your username", "The passwords don"),
        ("password2", "", "The passwords don"),
    ],
)
async def test_a_bad_field_is_told_beside_it_and_nothing_is_stored(
    app: Broadside, browser: Browser, db: AsyncSession, field: str, value: str, message: str
) -> None:
    changes = {field: value} | ({"password2": value} if field == "password" else {})
    answer = await browser.submit("/auth/register", FORM | changes)
    assert answer.status_code == 422
    assert f'id="{field}-error">' in answer.text
    assert message in answer.text
    assert await db.scalar(select(User)) is None
    assert await outbox(app) == []


@pytest.mark.parametrize(
    "password",
    ["Susan.Sarandon", "SUSAN@example.COM", "susan sarandon 1946", "Broadside!", "broadside2026"],
)
async def test_neither_the_username_nor_the_address_nor_the_site_may_be_the_password(
    browser: Browser, password: str
) -> None:
    form = FORM | {"username": "susan.sarandon", "password": password, "password2": password}
    answer = await browser.submit("/auth/register", form)
    assert answer.status_code == 422
    assert "be your username, your email address" in answer.text


@pytest.mark.parametrize(
    "password", ["12 chars ok!", "  spaces count  ", "pässwörter 日本語", "a staple" * 16]
)
async def test_any_other_password_of_8_to_128_characters_will_do(
    app: Broadside, browser: Browser, password: str
) -> None:
    form = FORM | {"password": password, "password2": password}
    assert (await browser.submit("/auth/register", form)).status_code == 302
    async with Browser(app) as another:
        await another.log_in("susan", password)


async def test_spaces_around_a_password_are_part_of_it(app: Broadside, browser: Browser) -> None:
    form = FORM | {"password": f" {PASSWORD}", "password2": f" {PASSWORD}"}
    await browser.submit("/auth/register", form)
    async with Browser(app) as another:
        answer = await another.submit("/auth/login", {"email": "susan", "password": PASSWORD})
    assert answer.status_code == 422


async def test_a_password_is_never_shown_again(browser: Browser) -> None:
    secret = "a secret that must not come back"
    form = FORM | {"email": "nonsense", "password": secret, "password2": secret}
    answer = await browser.submit("/auth/register", form)
    assert answer.status_code == 422
    assert 'value="susan"' in answer.text
    assert secret not in answer.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"email": "SUSAN@EXAMPLE.COM", "username": "other"}, "account with this email address"),
        ({"email": "other@example.com", "username": "SuSaN"}, "This username is taken"),
    ],
)
async def test_names_and_addresses_are_taken_whatever_the_case(
    susan: User, browser: Browser, changes: dict[str, str], message: str
) -> None:
    answer = await browser.submit("/auth/register", FORM | changes)
    assert answer.status_code == 422
    assert message in answer.text


@pytest.mark.parametrize("password", ["short", "susan", PASSWORD])
async def test_all_that_is_wrong_is_told_at_once(
    susan: User, browser: Browser, password: str
) -> None:
    form = {"email": "susan@example.com", "username": "Susan", "password": password,
            "password2": password}  # fmt: skip
    answer = await browser.submit("/auth/register", form)
    assert answer.status_code == 422
    assert "already an account with this email address" in answer.text
    assert "This username is taken" in answer.text
    assert ('id="password-error"' in answer.text) == (password != PASSWORD)
    # The first wrong field of the page gets the focus.
    assert answer.text.index("autofocus") < answer.text.index('id="username"')


async def test_a_password_made_of_the_name_is_told_beside_a_reserved_name(browser: Browser) -> None:
    form = FORM | {"username": "webmaster", "password": "webmaster99", "password2": "webmaster99"}
    answer = await browser.submit("/auth/register", form)
    assert "This username is reserved" in answer.text
    assert "be your username" in answer.text


async def test_the_form_sent_twice_makes_one_account_and_logs_in_twice(
    app: Broadside, db: AsyncSession
) -> None:
    form = FORM | {"submission": "once"}
    async with Browser(app) as one, Browser(app) as other:
        for browser in (one, other):
            await browser.submit("/auth/register", form)
            assert (await browser.get("/auth/sessions")).status_code == 200
    assert len((await db.scalars(select(User))).all()) == 1


async def test_who_knows_only_the_key_of_a_form_is_not_logged_in(
    app: Broadside, browser: Browser
) -> None:
    form = FORM | {"submission": "once"}
    await browser.submit("/auth/register", form)
    async with Browser(app) as thief:
        guess = {"password": "another password", "password2": "another password"}
        answer = await thief.submit("/auth/register", form | guess)
        assert answer.status_code == 422
        assert (await thief.get("/auth/sessions")).status_code == 302


async def test_of_two_simultaneous_registrations_one_is_told_that_the_name_is_taken(
    app: Broadside,
) -> None:
    async with Browser(app) as one, Browser(app) as other:
        answers = await asyncio.gather(
            one.submit("/auth/register", FORM),
            other.submit("/auth/register", FORM | {"username": "SUSAN", "email": "s2@example.com"}),
        )
    assert sorted(answer.status_code for answer in answers) == [302, 422]
    refused = next(answer for answer in answers if answer.status_code == 422)
    assert "This username is taken" in refused.text
    assert len(await outbox(app)) == 1


async def test_the_username_keeps_the_case_that_its_owner_chose(
    browser: Browser, db: AsyncSession
) -> None:
    await browser.submit("/auth/register", FORM | {"username": "SuSan"})
    user = (await db.scalars(select(User))).one()
    assert (user.username, user.email) == ("SuSan", "susan@example.com")


async def test_who_is_logged_in_does_not_register(
    susans_browser: Browser, db: AsyncSession
) -> None:
    assert (await susans_browser.get("/auth/register")).headers["location"] == "/"
    form = FORM | {"email": "new@example.com", "username": "new"}
    answer = await susans_browser.submit("/auth/register", form, page="/auth/sessions")
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    assert len((await db.scalars(select(User))).all()) == 1


async def test_a_password_of_ten_megabytes_is_refused_without_hashing_it(
    app: Broadside, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []
    monkeypatch.setattr(Passwords, "hash", lambda *_: hashed.append(1))
    monkeypatch.setattr(Passwords, "verify", lambda *_: hashed.append(1))
    token = await browser.token("/auth/register")
    huge = "x" * 10_000_000
    for address in ("/auth/register", "/auth/login"):
        form = FORM | {"csrf_token": token, "password": huge, "password2": huge}
        assert (await browser.post(address, data=form)).status_code == 413
    assert hashed == []


async def test_an_address_of_the_administrators_makes_one_once_it_is_confirmed(
    app: Broadside, make_settings: Callable[..., Settings], db: AsyncSession
) -> None:
    addresses = "Boss@example.com, deputy@example.com"
    site = create_app(make_settings(admin_email=addresses))
    site.passwords = Passwords(time_cost=1, memory_kib=8)
    async with site.test_app(), Browser(site) as browser:
        form = FORM | {"email": "boss@EXAMPLE.com", "username": "boss"}
        await browser.submit("/auth/register", form)
        user = (await db.scalars(select(User))).one()
        role = await db.get_one(Role, user.role_id)
        assert role.grants(Permission.ADMIN)
        assert user.confirmed_at is None

        async with Browser(site) as stranger:
            await stranger.submit("/auth/register", FORM)
        mails = await outbox(site)
    news = [(mail.recipient, "susan" in mail.text) for mail in mails if mail.purpose == "new_user"]
    assert sorted(news) == [
        ("boss@example.com", False),
        ("boss@example.com", True),
        ("deputy@example.com", False),
        ("deputy@example.com", True),
    ]


async def test_an_unconfirmed_administrator_may_not_yet_do_anything(
    app: Broadside, make_user: Callable[..., Awaitable[User]], browser: Browser
) -> None:
    await make_user("boss", role="Administrator", confirmed=False)
    await browser.log_in("boss")
    answer = await browser.get("/admin/users")
    assert (answer.status_code, answer.headers["location"]) == (302, "/auth/unconfirmed")
