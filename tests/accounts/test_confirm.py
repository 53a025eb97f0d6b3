"""Confirming the address."""

import re
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.accounts.links import CONFIRM, RESET_PASSWORD
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.tokens import LinkSigner
from blog.core.web.app import Broadside
from blog.models import Post, User
from settings import Settings
from tests.accounts.clock import later
from tests.support import PASSWORD, Browser, add_user, link_in, outbox

MakeUser = Callable[..., Awaitable[User]]


def link_for(app: Broadside, user: User, **changes: object) -> str:
    """The confirmation link for this user."""
    content = {"user": user.id, "email": user.email} | changes
    return f"/auth/confirm/{app.links.sign(CONFIRM, content)}"


async def is_confirmed(db: AsyncSession, user: User) -> bool:
    stored = await db.get_one(User, user.id, populate_existing=True)
    return stored.is_confirmed


@pytest.fixture
async def newcomer(make_user: MakeUser) -> User:
    return await make_user("david", confirmed=False)


async def test_an_unconfirmed_person_reads_and_is_told_what_to_do_where_they_would_write(
    app: Broadside, newcomer: User, browser: Browser, db: AsyncSession
) -> None:
    susan = await add_user(app, "susan")
    db.add(
        Post(author_id=susan.id, body="x", body_html="<p>Words of Susan</p>", renderer_version=1)
    )
    await db.commit()
    await browser.open_session("david")
    follow = "follow <bdi>susan</bdi>"
    for address, what in {"/": "post", "/post/1": "comment", "/user/susan": follow}.items():
        page = (await browser.get(address)).text
        assert "Words of Susan" in page
        assert f"Confirm your email address to {what}." in page
        assert 'href="/auth/unconfirmed"' in page
        assert 'action="/follow' not in page
        assert "<textarea" not in page
    assert "david@example.com" in (await browser.get("/auth/unconfirmed")).text
    assert (await browser.get("/no/such/page")).status_code == 404


async def test_an_unconfirmed_person_sets_up_the_profile(newcomer: User, browser: Browser) -> None:
    await browser.open_session("david")
    assert 'type="file"' not in (await browser.get("/edit-profile")).text
    answer = await browser.submit("/edit-profile", {"name": "David Newcomer"})
    assert answer.headers["location"] == "/user/david"
    assert "David Newcomer" in (await browser.get("/user/david")).text


async def test_what_an_unconfirmed_person_sends_is_not_done_and_comes_back(
    app: Broadside, newcomer: User, browser: Browser, db: AsyncSession
) -> None:
    await browser.open_session("david")
    written = await browser.submit("/", {"body": "Hello, all"}, page="/auth/unconfirmed")
    assert written.status_code == 403
    assert "Hello, all" in written.text
    assert await db.scalar(select(Post)) is None
    again = re.search(r'<form method="post" action="/">', written.text)
    assert again, "it cannot be sent again"
    await browser.submit(link_for(app, newcomer))
    assert (await browser.submit("/", {"body": "Hello, all"})).status_code == 302


async def test_a_script_gets_a_problem_document(newcomer: User, browser: Browser) -> None:
    await browser.open_session("david")
    token = await browser.token("/auth/unconfirmed")
    answer = await browser.post(
        "/write/autosave",
        data={"body": "x", "csrf_token": token},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 403
    assert "confirm your email address" in answer.json()["detail"]


@pytest.mark.parametrize("env", ["development", "testing"])
async def test_only_in_development_the_mailbox_is_linked(
    newcomer: User, make_settings: Callable[..., Settings], env: str
) -> None:
    site = create_app(make_settings(env=env))
    async with site.test_app(), Browser(site) as browser:
        await browser.open_session("david")
        for address in ("/", "/auth/unconfirmed"):
            page = (await browser.get(address)).text
            assert ('href="/dev/mailbox"' in page) == (env == "development")


async def test_the_link_works_without_being_logged_in(
    app: Broadside, newcomer: User, browser: Browser, db: AsyncSession
) -> None:
    link = link_for(app, newcomer)
    assert "david@example.com" in (await browser.get(link)).text
    answer = await browser.submit(link)
    assert (answer.status_code, answer.headers["location"]) == (302, "/auth/login")
    assert await is_confirmed(db, newcomer)


async def test_to_open_the_link_changes_nothing(
    app: Broadside, newcomer: User, browser: Browser, db: AsyncSession
) -> None:
    link = link_for(app, newcomer)
    for method in ("HEAD", "GET"):
        assert (await browser.request(method, link)).status_code == 200
    assert not await is_confirmed(db, newcomer)


async def test_the_link_does_no_harm_when_it_is_opened_twice(
    app: Broadside, newcomer: User, browser: Browser, db: AsyncSession
) -> None:
    link = link_for(app, newcomer)
    form = {"csrf_token": await browser.token(link)}
    await browser.post(link, data=form)
    first = (await db.get_one(User, newcomer.id)).confirmed_at
    assert (await browser.post(link, data=form)).status_code == 302
    assert (await browser.get(link)).status_code == 302
    again = await db.get_one(User, newcomer.id, populate_existing=True)
    assert again.confirmed_at == first


async def test_an_expired_link_says_so_and_offers_another(
    app: Broadside, newcomer: User, browser: Browser, db: AsyncSession
) -> None:
    link = link_for(app, newcomer)
    with later(hours=1, seconds=2):
        answer = await browser.get(link)
        assert answer.status_code == 400
        assert "This link has expired" in answer.text
        assert 'href="/auth/login"' in answer.text
        await browser.log_in("david")
        assert 'href="/auth/unconfirmed"' in (await browser.get(link)).text
    assert not await is_confirmed(db, newcomer)


async def test_a_link_that_is_almost_an_hour_old_still_works(
    app: Broadside, newcomer: User, browser: Browser, db: AsyncSession
) -> None:
    link = link_for(app, newcomer)
    with later(minutes=59):
        assert (await browser.submit(link)).status_code == 302
    assert await is_confirmed(db, newcomer)


async def test_bad_links_are_refused_and_change_nothing(
    app: Broadside, newcomer: User, browser: Browser, db: AsyncSession
) -> None:
    good = link_for(app, newcomer).rpartition("/")[2]
    content = {"user": newcomer.id, "email": newcomer.email}
    bad = {
        "changed": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "truncated": good[:-5],
        "empty signature": good.rpartition(".")[0],
        "nonsense": "nonsense",
        "not even ASCII": "sch%C3%B6n",
        "of another purpose": app.links.sign(RESET_PASSWORD, content),
        "another site": LinkSigner(["another key"]).sign(CONFIRM, content),
        "of nobody": app.links.sign(CONFIRM, content | {"user": 999_999}),
        "of an address left since": app.links.sign(CONFIRM, content | {"email": "x@example.com"}),
    }
    for what, token in bad.items():
        answer = await browser.get(f"/auth/confirm/{token}")
        assert answer.status_code == 400, what
        assert "This link doesn’t work" in answer.text, what
    assert not await is_confirmed(db, newcomer)


async def test_a_link_for_another_account_than_the_one_logged_in_is_refused(
    app: Broadside, newcomer: User, susans_browser: Browser, db: AsyncSession
) -> None:
    answer = await susans_browser.get(link_for(app, newcomer))
    assert answer.status_code == 400
    assert "This link is for another account" in answer.text
    assert not await is_confirmed(db, newcomer)


async def test_the_mail_can_be_sent_again_a_few_times(
    app: Broadside, newcomer: User, browser: Browser
) -> None:
    await browser.log_in("david")
    for _ in range(3):
        answer = await browser.submit("/auth/confirm", page="/auth/unconfirmed")
        assert answer.headers["location"] == "/auth/unconfirmed"
        assert "sent another link" in (await browser.get("/auth/unconfirmed")).text
    await browser.submit("/auth/confirm", page="/auth/unconfirmed")
    assert "try again in an hour" in (await browser.get("/auth/unconfirmed")).text
    mails = await outbox(app)
    assert len(mails) == 3
    assert (await browser.submit(link_in(mails[-1]))).headers["location"] == "/"


async def test_who_is_confirmed_or_a_stranger_gets_no_such_mail(
    app: Broadside, browser: Browser, susans_browser: Browser
) -> None:
    stranger = await browser.submit("/auth/confirm", page="/auth/login")
    assert stranger.headers["location"] == "/auth/login"
    confirmed = await susans_browser.submit("/auth/confirm", page="/auth/sessions")
    assert confirmed.headers["location"] == "/"
    for visitor in (browser, susans_browser):
        assert (await visitor.get("/auth/unconfirmed")).headers["location"] == "/"
    assert await outbox(app) == []


@pytest.fixture
async def boss(make_user: MakeUser) -> User:
    """A user who has registered with an administrator's address, possibly an attacker."""
    return await make_user("boss", role="Administrator", confirmed=False)


async def test_a_mail_scanner_makes_no_administrator(
    app: Broadside, boss: User, browser: Browser, db: AsyncSession
) -> None:
    link = link_for(app, boss)
    answer = await browser.get(link)
    assert (answer.status_code, answer.headers["location"]) == (302, f"/auth/login?next={link}")
    pressed = await browser.submit(link, page="/auth/login")
    assert pressed.headers["location"].startswith("/auth/login?next=")
    assert not await is_confirmed(db, boss)
    login = {"email": "boss", "password": PASSWORD}
    led_back = await browser.submit(answer.headers["location"], login)
    assert led_back.headers["location"] == link
    assert (await browser.submit(link)).headers["location"] == "/"
    assert await is_confirmed(db, boss)


async def test_an_administrator_confirms_with_the_browser_that_has_registered(
    app: Broadside, make_settings: Callable[..., Settings], db: AsyncSession
) -> None:
    site = create_app(make_settings(admin_email="boss@example.com"))
    site.passwords = Passwords(time_cost=1, memory_kib=8)
    async with site.test_app(), Browser(site) as browser, Browser(site) as scanner:
        form = {"email": "boss@example.com", "username": "boss",
                "password": PASSWORD, "password2": PASSWORD}  # fmt: skip
        await browser.submit("/auth/register", form)
        (mail,) = [mail for mail in await outbox(site) if mail.purpose == "confirm"]
        link = link_in(mail)
        assert (await scanner.get(link)).headers["location"].startswith("/auth/login")
        assert (await browser.submit(link)).headers["location"] == "/"
        assert (await browser.get("/admin/users")).status_code == 200
