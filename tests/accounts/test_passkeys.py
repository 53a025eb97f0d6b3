"""Logging in with passkeys, and as a second factor; an authenticator in software answers."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.expiry import delete_expired
from blog.core.web.app import Broadside
from blog.models import Passkey, UsedChallenge, User
from tests.accounts.clock import age_sessions, later
from tests.accounts.second_factors import SECOND_STEP, send_password
from tests.accounts.soft_passkey import OPTIONS, USER_PRESENT, SoftPasskey
from tests.support import PASSWORD, Browser, add_user, outbox
from tests.web.test_unsent_forms import Forms

LIST, LOGIN = "/auth/passkeys", "/auth/login/passkey"
QUESTION = "/auth/confirm-identity"


async def options(browser: Browser, ceremony: str, page: str = "/auth/reset") -> dict[str, Any]:
    """What the script of a page gets."""
    answer = await browser.submit(f"{OPTIONS}/{ceremony}", page=page)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


async def add(browser: Browser, passkey: SoftPasskey, name: str = "Phone") -> Any:
    asked = await options(browser, "registration")
    form = {"name": name, "credential": passkey.create(asked)}
    return await browser.submit(LIST, form, page=f"{LIST}/new")


async def log_in(browser: Browser, passkey: SoftPasskey, address: str = LOGIN) -> Any:
    answer = passkey.get(await options(browser, "login"))
    return await browser.submit(address, {"credential": answer}, page="/auth/login")


async def is_logged_in(browser: Browser) -> bool:
    return (await browser.get("/auth/sessions")).status_code == 200


@pytest.fixture
async def passkey(susans_browser: Browser) -> SoftPasskey:
    """A passkey of susan's."""
    made = SoftPasskey()
    assert (await add(susans_browser, made)).status_code == 201
    return made


async def test_a_passkey_logs_in_by_itself_and_continues_where_it_was_wanted(
    app: Broadside, browser: Browser, passkey: SoftPasskey
) -> None:
    answer = await log_in(browser, passkey, f"{LOGIN}?next=/explore")
    assert answer.headers["location"] == "/explore"
    assert await is_logged_in(browser)
    assert "was added" in (await outbox(app))[-1].text


async def test_several_passkeys_are_named_renamed_and_removed(
    susans_browser: Browser, passkey: SoftPasskey, browser: Browser, db: AsyncSession
) -> None:
    assert (await add(susans_browser, SoftPasskey(is_synced=True), "<b>Laptop")).status_code == 302
    page = await susans_browser.get(LIST)
    assert "&lt;b&gt;Laptop" in page.text
    assert "Synced" in page.text
    phone = await db.scalar(select(Passkey.id).where(Passkey.name == "Phone"))
    renamed = f"{LIST}/{phone}/rename"
    assert (await susans_browser.submit(renamed, {"name": " "}, page=LIST)).status_code == 422
    await susans_browser.submit(renamed, {"name": "Old phone"}, page=LIST)
    assert "Old phone" in (await susans_browser.get(LIST)).text
    await susans_browser.submit(f"{LIST}/{phone}/remove", page=LIST)
    assert "Old phone" not in (await susans_browser.get(f"{LIST}/new")).text
    refused = await log_in(browser, passkey)
    assert refused.status_code == 422
    assert "may have been removed" in refused.text
    # The other one is still a second factor.
    await send_password(browser)


async def test_a_passkey_of_another_person_is_not_there(
    app: Broadside, passkey: SoftPasskey, db: AsyncSession
) -> None:
    await add_user(app, "bob")
    key = await db.scalar(select(Passkey.id))
    async with Browser(app) as bobs:
        await bobs.open_session("bob")
        await bobs.submit(f"{LIST}/{key}/rename", {"name": "Mine"}, page=LIST)
        await bobs.submit(f"{LIST}/{key}/remove", page=LIST)
        assert "doesn&#39;t exist" in (await bobs.get(LIST)).text
    assert await db.scalar(select(Passkey.name)) == "Phone"


async def test_the_same_passkey_is_not_added_twice(
    susans_browser: Browser, passkey: SoftPasskey
) -> None:
    asked = await options(susans_browser, "registration")
    assert [each["id"] for each in asked["excludeCredentials"]]
    again = await add(susans_browser, passkey)
    assert again.status_code == 422
    assert "already been added" in again.text


FORGERIES = ["origin", "challenge", "key", "user", "unverified", "ceremony", "damaged", "empty"]


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_answer_lets_nobody_in(
    browser: Browser, passkey: SoftPasskey, forgery: str
) -> None:
    asked = await options(browser, "login")
    if forgery == "origin":
        passkey.origin = "https://blog.test.evil.example"
    if forgery == "challenge":
        asked["challenge"] = "A" * 43
    if forgery == "key":
        passkey.key = SoftPasskey().key
    if forgery == "user":
        passkey.user_handle = (4711).to_bytes(8)
    if forgery == "unverified":
        passkey.flags = USER_PRESENT
    answer = passkey.get(asked)
    if forgery == "ceremony":
        await options(browser, "login")
        changed = json.loads(answer)
        changed["response"]["clientDataJSON"] = "e30"
        answer = json.dumps(changed)
    if forgery == "damaged":
        answer = answer[:-5]
    if forgery == "empty":
        answer = ""
    refused = await browser.submit(LOGIN, {"credential": answer}, page="/auth/login")
    assert refused.status_code == 422
    assert "couldn&#39;t be checked" in refused.text
    assert not await is_logged_in(browser)


async def test_an_answer_counts_once_in_one_browser_and_for_five_minutes(
    app: Broadside, browser: Browser, passkey: SoftPasskey, db: AsyncSession
) -> None:
    answer = passkey.get(await options(browser, "login"))
    csrf = await browser.token("/auth/login")
    before = list(browser.cookies.jar)
    async with Browser(app) as other:
        await options(other, "login")
        refused = await other.submit(LOGIN, {"credential": answer}, page="/auth/login")
        assert refused.status_code == 422
    with later(minutes=6):
        late = await browser.post(LOGIN, data={"credential": answer, "csrf_token": csrf})
        assert late.status_code == 422
        assert "took too long" in late.text

    async def again() -> int:
        """Send it as a thief of the cookies would."""
        async with Browser(app) as thief:
            for cookie in before:
                thief.cookies.jar.set_cookie(cookie)
            form = {"credential": answer, "csrf_token": csrf}
            return (await thief.post(LOGIN, data=form)).status_code

    assert sorted(await asyncio.gather(again(), again())) == [302, 422]
    assert await again() == 422
    await db.execute(update(UsedChallenge).values(expires_at=func.now()))
    assert await delete_expired(db, UsedChallenge) > 0
    await db.commit()


async def test_a_counter_that_falls_is_refused_and_the_owner_is_told(
    app: Broadside, browser: Browser, passkey: SoftPasskey
) -> None:
    assert (await log_in(browser, passkey)).status_code == 302
    passkey.count = 1
    async with Browser(app) as thief:
        refused = await log_in(thief, passkey)
        assert refused.status_code == 422
        assert "may have been copied" in refused.text
        assert not await is_logged_in(thief)
    assert "with a copy" in (await outbox(app))[-1].text.replace("\n", " ")


async def test_a_synced_passkey_whose_counter_stays_at_0_works_again_and_again(
    app: Broadside, susans_browser: Browser
) -> None:
    synced = SoftPasskey(is_synced=True)
    await add(susans_browser, synced)
    for _ in range(2):
        async with Browser(app) as browser:
            assert (await log_in(browser, synced)).status_code == 302


async def test_a_passkey_is_the_second_factor_of_a_password(
    app: Broadside, browser: Browser, passkey: SoftPasskey
) -> None:
    bob = await add_user(app, "bob")
    async with Browser(app) as bobs:
        await bobs.open_session("bob")
        others = SoftPasskey()
        await add(bobs, others)
    assert bob.id
    await send_password(browser)
    asked = await options(browser, "second-factor")
    assert len(asked["allowCredentials"]) == 1
    refused = await browser.submit(SECOND_STEP, {"credential": others.get(asked)})
    assert refused.status_code == 422
    asked = await options(browser, "second-factor")
    answer = await browser.submit(SECOND_STEP, {"credential": passkey.get(asked)})
    assert answer.status_code == 302
    assert await is_logged_in(browser)


async def test_the_passkeys_of_a_name_are_not_told_without_the_password(browser: Browser) -> None:
    answer = await browser.submit(f"{OPTIONS}/second-factor", page="/auth/reset")
    assert "/auth/login" in answer.headers["location"]
    assert (await options(browser, "login"))["allowCredentials"] == []


async def test_a_passkey_reauthenticates_and_keeps_what_was_asked_for(
    susans_browser: Browser, passkey: SoftPasskey, db: AsyncSession
) -> None:
    await age_sessions(db, minutes=16)
    question = await susans_browser.submit("/auth/export", page="/auth/reset")
    form = Forms(question.text).found[QUESTION]
    asked = await options(susans_browser, "identity")
    answer = await susans_browser.post(QUESTION, data=form | {"credential": passkey.get(asked)})
    assert answer.status_code == 200
    again = Forms(answer.text).found["/auth/export"]
    assert (await susans_browser.post("/auth/export", data=again)).status_code == 302


async def test_who_confirms_with_a_passkey_deletes_their_account_without_a_password(
    app: Broadside, susans_browser: Browser, passkey: SoftPasskey
) -> None:
    page = "/auth/delete-account"
    assert (await susans_browser.submit(page)).status_code == 422, "the login was the password's"
    asked = await options(susans_browser, "identity")
    form = {"credential": passkey.get(asked)}
    answer = await susans_browser.submit(f"{QUESTION}?next={page}", form, page=QUESTION)
    assert answer.headers["location"] == page
    assert 'type="password"' not in (await susans_browser.get(page)).text
    assert (await susans_browser.submit(page)).status_code == 302
    assert (await outbox(app))[-1].purpose == "delete_account"


async def test_a_disabled_account_is_told_so(
    browser: Browser, passkey: SoftPasskey, db: AsyncSession
) -> None:
    await db.execute(update(User).values(disabled_at=func.now()))
    await db.commit()
    answer = await log_in(browser, passkey)
    assert answer.status_code == 422
    assert "has disabled this account" in answer.text


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "x", '{"id": 1}', "[" * 9999, '"' + "x" * 20000]
)
async def test_an_invalid_passkey_is_not_added(
    susans_browser: Browser, db: AsyncSession, answer: str
) -> None:
    await options(susans_browser, "registration")
    form = {"name": "Phone", "credential": answer}
    refused = await susans_browser.submit(LIST, form, page=f"{LIST}/new")
    assert refused.status_code == 422
    assert 'value="Phone"' in refused.text
    assert await db.scalar(select(func.count(Passkey.id))) == 0
    assert PASSWORD not in refused.text
