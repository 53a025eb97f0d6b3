"""`/auth/tokens`: creating, listing and revoking tokens."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.errors import InvalidFieldsError
from blog.core.web.app import Broadside
from blog.models import ApiToken, Scope, User
from tests.accounts.test_tokens import issue
from tests.support import PASSWORD, Browser, api_token, outbox

MakeUser = Callable[..., Awaitable[User]]
TOKENS = "/auth/tokens"
FORM = {"name": "backup", "read": "true", "life": "30 days", "password": PASSWORD}
SECRET = re.compile(r"bsd_[\w-]{43}")


def secrets_on(page: httpx.Response) -> set[str]:
    return set(SECRET.findall(page.text))


async def number_of_tokens(db: AsyncSession) -> int | None:
    return await db.scalar(select(func.count()).select_from(ApiToken))


async def test_a_token_is_made_and_its_secret_shown_once(
    susans_browser: Browser, db: AsyncSession
) -> None:
    made = await susans_browser.submit(TOKENS, FORM | {"write": "true"})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    assert "etag" not in made.headers
    (secret,) = secrets_on(made)
    token = await api_token(db, secret)
    assert token is not None
    assert (token.name, token.user.username) == ("backup", "susan")
    assert token.scopes == Scope.READ | Scope.WRITE
    assert abs(token.expires_at - now() - timedelta(days=30)) < timedelta(minutes=1)

    page = await susans_browser.get(TOKENS)
    assert "backup" in page.text and "read and write" in page.text and "never" in page.text
    assert secrets_on(page) == set()


async def test_the_commands_beside_the_secret_work_until_it_is_revoked(
    susans_browser: Browser, browser: Browser
) -> None:
    page = await susans_browser.submit(TOKENS, FORM)
    (secret,) = secrets_on(page)
    commands = re.findall(r"<code>(http --auth|curl --user) (\S+): (\S+)</code>", page.text)
    assert [command for command, _, _ in commands] == ["http --auth", "curl --user"]
    for _, user, address in commands:
        assert user == secret
        assert (await browser.get(address, auth=(user, ""))).status_code == 200
    assert "never" not in (await susans_browser.get(TOKENS)).text
    await susans_browser.submit(f"{TOKENS}/1/revoke", page=TOKENS)
    assert (await browser.get(commands[0][2], auth=(secret, ""))).status_code == 401


async def test_a_form_that_is_sent_twice_makes_one_token(
    susans_browser: Browser, db: AsyncSession
) -> None:
    form = FORM | {"csrf_token": await susans_browser.token(TOKENS), "submission": "once"}
    answers = await asyncio.gather(*(susans_browser.post(TOKENS, data=form) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 302, 302]
    assert await number_of_tokens(db) == 1
    assert "already created this token" in (await susans_browser.get(TOKENS)).text
    await susans_browser.post(TOKENS, data=form | {"name": "another"})
    assert await number_of_tokens(db) == 2


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": " "}, "Please fill in this field."),
        ({"name": "x" * 65}, "at most 64 characters"),
        ({"read": "false"}, "Please choose at least one."),
        ({"life": "forever"}, "Please choose one of the options."),
        ({"moderate": "true"}, "Only moderators"),
    ],
)
async def test_a_wrong_form_comes_back_with_what_was_typed(
    susans_browser: Browser, db: AsyncSession, change: dict[str, str], complaint: str
) -> None:
    sent = FORM | change
    answer = await susans_browser.submit(TOKENS, sent)
    assert answer.status_code == 422
    assert complaint in answer.text
    assert f'name="name" type="text" autocomplete="off" value="{sent["name"]}"' in answer.text
    assert await number_of_tokens(db) == 0


async def test_only_who_may_moderate_is_offered_a_token_that_does(
    app: Broadside, susans_browser: Browser, make_user: MakeUser, db: AsyncSession
) -> None:
    assert 'name="moderate"' not in (await susans_browser.get(TOKENS)).text
    await make_user("maud", role="Moderator")
    async with Browser(app) as maud:
        await maud.log_in("maud")
        assert 'name="moderate"' in (await maud.get(TOKENS)).text
        made = await maud.submit(
            TOKENS, {"name": "m", "moderate": "true", "life": "1 hour", "password": PASSWORD}
        )
    (secret,) = secrets_on(made)
    token = await api_token(db, secret)
    assert token and token.scopes == Scope.MODERATE


async def test_nobody_without_a_confirmed_address_makes_a_token(
    browser: Browser, make_user: MakeUser, db: AsyncSession
) -> None:
    await make_user("new", confirmed=False)
    await browser.log_in("new")
    assert "/auth/unconfirmed" in (await browser.get(TOKENS)).text
    assert (await browser.submit(TOKENS, FORM, page="/auth/sessions")).status_code == 403
    assert await number_of_tokens(db) == 0


async def test_a_token_is_revoked_by_its_button(
    app: Broadside, susan: User, susans_browser: Browser, db: AsyncSession
) -> None:
    kept, revoked = await issue(app, susan, "kept"), await issue(app, susan, "revoked")
    page = (await susans_browser.get(TOKENS)).text
    newest, _ = re.findall(r'action="(/auth/tokens/\d+/revoke)"', page)
    answer = await susans_browser.submit(newest, page=TOKENS)
    assert (answer.status_code, answer.headers["location"]) == (302, TOKENS)
    assert await api_token(db, revoked) is None
    assert await api_token(db, kept) is not None
    again = await susans_browser.submit(newest, page=TOKENS)
    assert (again.status_code, again.headers["location"]) == (302, TOKENS)
    assert "It may have been revoked" in (await susans_browser.get(TOKENS)).text


async def test_nobody_sees_or_revokes_the_tokens_of_others(
    app: Broadside, susans_browser: Browser, make_user: MakeUser, db: AsyncSession
) -> None:
    secret = await issue(app, await make_user("david", role="Administrator"), "secret plan")
    assert "secret plan" not in (await susans_browser.get(TOKENS)).text
    await susans_browser.submit(f"{TOKENS}/1/revoke", page=TOKENS)
    assert await api_token(db, secret) is not None


async def test_an_expired_token_is_not_shown(
    app: Broadside, susan: User, susans_browser: Browser, db: AsyncSession
) -> None:
    await issue(app, susan, "old one")
    assert "old one" in (await susans_browser.get(TOKENS)).text
    await db.execute(update(ApiToken).values(expires_at=now()))
    await db.commit()
    assert "old one" not in (await susans_browser.get(TOKENS)).text


@pytest.mark.parametrize("password", ["", "not the password"])
async def test_a_session_alone_makes_no_token(
    app: Broadside, susans_browser: Browser, db: AsyncSession, password: str
) -> None:
    answer = await susans_browser.submit(TOKENS, FORM | {"password": password})
    assert answer.status_code == 422
    assert 'value="backup"' in answer.text
    assert await number_of_tokens(db) == 0
    assert await outbox(app) == []


async def test_the_person_is_told_by_mail_of_a_token(
    app: Broadside, susans_browser: Browser, susan: User
) -> None:
    made = await susans_browser.submit(TOKENS, FORM)
    (mail,) = await outbox(app)
    assert (mail.purpose, mail.recipient) == ("token_made", susan.email)
    for text in (mail.text, mail.html):
        assert "backup" in text
        assert "/auth/change-password" in text
        assert not secrets_on(made) & set(SECRET.findall(text))
    # Tokens that programs request at each run are unnamed and short-lived.
    await issue(app, susan, "", timedelta(hours=1))
    assert len(await outbox(app)) == 1
    await issue(app, susan, "", timedelta(days=2))
    assert len(await outbox(app)) == 2


async def test_no_token_is_good_for_more_than_a_year(app: Broadside, susan: User) -> None:
    with pytest.raises(InvalidFieldsError):
        await issue(app, susan, "for ever", timedelta(days=366))
