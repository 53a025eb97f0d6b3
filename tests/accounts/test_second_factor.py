"""Accounts whose password alone lets nobody in."""

import asyncio
import base64
import re
from collections.abc import Callable
from ipaddress import ip_address

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.accounts.links import UNLOCK_DEVICE, credentials_of
from blog.accounts.login_attempts import Attempt
from blog.accounts.second_factor.jobs import reseal_some
from blog.core.auth.clients import Client
from blog.core.auth.devices import KnownDevice
from blog.core.crypto.sealing import Sealer
from blog.core.web.app import Broadside
from blog.models import (
    Authenticator,
    LoginSession,
    RecoveryCode,
    TrustedBrowser,
    User,
)
from settings import Settings
from tests.accounts.clock import age_sessions, later
from tests.accounts.second_factors import SECOND_STEP, Phone, add_phone, send_password, shown
from tests.support import PASSWORD, Browser, outbox
from tests.web.test_unsent_forms import Forms

APP = "/auth/two-factor/app"


@pytest.fixture
async def phone(app: Broadside, susan: User) -> Phone:
    """Susan's phone."""
    return await add_phone(app, susan)


async def is_logged_in(browser: Browser) -> bool:
    return (await browser.get("/auth/sessions")).status_code == 200


async def test_an_app_is_set_up_by_its_first_code_and_recovery_codes_are_shown_once(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    page = await susans_browser.get(APP)
    assert "<svg" in page.text
    assert "style=" not in page.text
    form = Forms(page.text).found[APP]
    key = re.search(r'setup-key">([A-Z2-7 ]+)<', page.text)
    assert key
    wrong = await susans_browser.post(APP, data=form | {"code": "000000"})
    assert wrong.status_code == 422
    assert key[1] in wrong.text, "the app that has scanned it would be useless"
    secret = base64.b32decode(key[1].replace(" ", ""))
    code = shown(secret)
    done = await susans_browser.post(APP, data=form | {"code": f"{code[:3]} {code[3:]}"})
    assert done.status_code == 201
    assert done.headers["cache-control"] == "no-store"
    codes = re.findall(r"<code>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){5})</code>", done.text)
    assert len(set(codes)) == 10
    assert all(code in done.text.split("data:text/plain")[1].split('"')[0] for code in codes)
    (stored,) = (await db.scalars(select(Authenticator.secret))).all()
    assert secret not in stored
    overview = await susans_browser.get("/auth/two-factor")
    assert "10 of 10 left" in overview.text
    assert codes[0] not in overview.text
    mail = (await outbox(app))[-1]
    assert "authenticator app was added" in mail.text
    async with Browser(app) as other:
        await send_password(other)
        assert not await is_logged_in(other)
        # It is the code that has set the app up.
        answer = await other.submit(SECOND_STEP, {"code": code})
        assert "already been used" in answer.text
        answer = await other.submit(SECOND_STEP, {"code": codes[0].lower().replace("-", " ")})
        assert answer.status_code == 302
        assert await is_logged_in(other)


async def test_a_secret_that_was_shown_to_another_person_or_long_ago_is_not_set_up(
    app: Broadside, susans_browser: Browser, make_user: Callable[..., object]
) -> None:
    form = Forms((await susans_browser.get(APP)).text).found[APP]
    await make_user("bob")  # type: ignore[misc]
    async with Browser(app) as bobs:
        await bobs.open_session("bob")
        answer = await bobs.submit(APP, {"setup": form["setup"], "code": "123456"})
        assert "Scan the new QR code" in answer.text
    with later(minutes=61):
        answer = await susans_browser.post(APP, data=form | {"code": "123456"})
    assert answer.status_code == 422
    assert "Scan the new QR code" in answer.text


async def test_a_login_has_two_steps_and_continues_where_it_was_wanted(
    app: Broadside, browser: Browser, phone: Phone
) -> None:
    form = {"email": "susan", "password": PASSWORD, "remember_me": "true"}
    first = await browser.submit("/auth/login?next=/explore", form)
    assert first.headers["location"] == f"{SECOND_STEP}?next=/explore"
    assert not await is_logged_in(browser)
    wrong = await browser.submit(first.headers["location"], {"code": "12345"})
    assert wrong.status_code == 422
    assert "aria-invalid" in wrong.text
    second = await browser.submit(first.headers["location"], {"code": phone.code()})
    assert second.headers["location"] == "/explore"
    assert await is_logged_in(browser)
    assert "Max-Age" in second.headers["set-cookie"] or "Expires" in second.headers["set-cookie"]


async def test_a_code_works_once_even_for_two_requests_at_the_same_moment(
    app: Broadside, phone: Phone
) -> None:
    async with Browser(app) as one, Browser(app) as other:
        forms = []
        for browser in (one, other):
            await send_password(browser)
            forms.append({"csrf_token": await browser.token(SECOND_STEP), "code": phone.code()})
        answers = await asyncio.gather(
            *(browser.post(SECOND_STEP, data=form)
              for browser, form in zip((one, other), forms, strict=True))
        )  # fmt: skip
        assert sorted(answer.status_code for answer in answers) == [302, 422]


@pytest.mark.parametrize(
    "typed",
    ["of a minute ago", "of the next minute", "", "x" * 200, "ABCD-EFGH-IJKL-MNOP-QRST-UVWX"],
)
async def test_another_code_lets_nobody_in(browser: Browser, phone: Phone, typed: str) -> None:
    steps = {"of a minute ago": -2, "of the next minute": 3}
    code = phone.code(steps[typed]) if typed in steps else typed
    await send_password(browser)
    answer = await browser.submit(SECOND_STEP, {"code": code})
    assert answer.status_code == 422
    assert not await is_logged_in(browser)


async def test_guessing_codes_is_limited_and_does_not_lock_the_owner_out(
    app: Broadside, susan: User, phone: Phone, browser: Browser
) -> None:
    async with Browser(app, "192.0.2.1") as attacker:
        await send_password(attacker)
        answers = [await attacker.submit(SECOND_STEP, {"code": "12345"}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [422] * 5 + [429]
        assert "Too many wrong codes" in answers[-1].text
        right = await attacker.submit(SECOND_STEP, {"code": phone.code()})
        assert right.status_code == 429
    (mail,) = await outbox(app)
    assert (mail.purpose, mail.recipient) == ("code_guessing", susan.email)
    await browser.open_session("susan")
    await browser.submit("/auth/logout", page="/auth/sessions")
    await send_password(browser)
    assert (await browser.submit(SECOND_STEP, {"code": phone.code()})).status_code == 302


async def test_a_factor_that_is_added_while_the_password_is_checked_is_asked_for(
    app: Broadside, susan: User, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = app.passwords.verify

    async def adding(stored: str | None, password: str) -> bool:
        matches = await verify(stored, password)
        await add_phone(app, susan)
        return matches

    monkeypatch.setattr(app.passwords, "verify", adding)
    answer = await browser.submit("/auth/login", {"email": "susan", "password": PASSWORD})
    assert answer.status_code == 422
    assert "has just changed" in answer.text
    assert not await is_logged_in(browser)


async def test_nothing_that_is_entered_as_a_username_counts_as_a_code(susan: User) -> None:
    address = ip_address("192.0.2.1")
    for device in (None, KnownDevice("phone", susan.id, susan.device_generation)):
        for bucket in Attempt.at_second_factor(susan, Client("", address, device)).buckets:
            entered = Attempt.from_address(bucket.who, address).buckets
            assert bucket.key not in {each.key for each in entered}


async def test_a_link_by_mail_gives_no_further_guesses_at_a_code(
    app: Broadside, susan: User, phone: Phone
) -> None:
    content = {"user": susan.id, "credentials": credentials_of(susan)}
    link = f"/auth/unlock/{app.links.sign(UNLOCK_DEVICE, content)}"
    statuses = []
    for device in range(1, 5):
        async with Browser(app, f"192.0.2.{device}") as thief:
            await thief.submit(link)
            await send_password(thief)
            for _ in range(9):
                answer = await thief.submit(SECOND_STEP, {"code": "12345"})
                statuses.append(answer.status_code)
    assert statuses == [422] * 30 + [429] * 6


async def test_a_code_that_the_site_can_not_check_any_more_leaves_the_recovery_codes(
    app: Broadside, browser: Browser, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "sealer", Sealer(["a key after the former one was stolen"]))
    await send_password(browser)
    answer = await browser.submit(SECOND_STEP, {"code": phone.code()})
    assert answer.status_code == 422
    assert "Enter a recovery code instead" in answer.text
    answer = await browser.submit(SECOND_STEP, {"code": phone.recovery_codes[0]})
    assert answer.status_code == 302


async def test_a_form_to_sign_up_that_is_sent_again_does_not_replace_the_second_factor(
    app: Broadside, browser: Browser, db: AsyncSession
) -> None:
    form = {
        "email": "ann@example.com", "username": "ann", "password": PASSWORD, "password2": PASSWORD,
        "submission": "once",
    }  # fmt: skip
    await browser.submit("/auth/register", form)
    await add_phone(app, await db.scalar(select(User)) or User())
    async with Browser(app) as other:
        assert (await other.submit("/auth/register", form)).status_code == 422
        assert not await is_logged_in(other)


async def test_a_recovery_code_works_once(app: Broadside, phone: Phone) -> None:
    code = phone.recovery_codes[0]
    answers = []
    for _ in range(2):
        async with Browser(app) as browser:
            await send_password(browser)
            answers.append(await browser.submit(SECOND_STEP, {"code": code}))
    assert [answer.status_code for answer in answers] == [302, 422]
    assert "has been used" in answers[1].text


async def test_new_recovery_codes_end_the_former_ones(
    app: Broadside, susans_browser: Browser, phone: Phone, browser: Browser
) -> None:
    renewed = await susans_browser.submit(
        "/auth/two-factor/recovery-codes", page="/auth/two-factor"
    )
    assert renewed.status_code == 201
    await send_password(browser)
    answer = await browser.submit(SECOND_STEP, {"code": phone.recovery_codes[0]})
    assert answer.status_code == 422


async def test_without_a_second_factor_there_are_no_recovery_codes(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await susans_browser.submit("/auth/two-factor/recovery-codes", page="/auth/two-factor")
    assert "Set up an authenticator app" in (await susans_browser.get("/auth/two-factor")).text
    assert await db.scalar(select(func.count(RecoveryCode.id))) == 0


async def test_a_trusted_browser_is_not_asked_until_that_is_revoked(
    app: Broadside, browser: Browser, phone: Phone, db: AsyncSession
) -> None:
    await send_password(browser)
    await browser.submit(SECOND_STEP, {"code": phone.code(), "trust": "true"})
    await browser.submit("/auth/logout", page="/auth/sessions")
    await browser.log_in("susan")
    page = await browser.get("/auth/sessions")
    assert "Stop trusting" in page.text
    (revoke,) = [action for action in Forms(page.text).found if action.endswith("/revoke")]
    await browser.submit(revoke, page="/auth/sessions")
    await browser.submit("/auth/logout", page="/auth/sessions")
    await send_password(browser)


async def test_another_person_is_asked_in_a_trusted_browser(
    app: Broadside, browser: Browser, phone: Phone, make_user: Callable[..., object]
) -> None:
    await send_password(browser)
    await browser.submit(SECOND_STEP, {"code": phone.code(), "trust": "true"})
    await browser.submit("/auth/logout", page="/auth/sessions")
    bob: User = await make_user("bob")  # type: ignore[misc]
    await add_phone(app, bob)
    await send_password(browser, "bob")


async def test_trust_in_a_browser_ends_when_it_expires_or_the_password_changes(
    app: Broadside, browser: Browser, phone: Phone, db: AsyncSession
) -> None:
    await send_password(browser)
    await browser.submit(SECOND_STEP, {"code": phone.code(), "trust": "true"})
    await browser.submit("/auth/logout", page="/auth/sessions")
    await db.execute(update(TrustedBrowser).values(expires_at=func.now()))
    await db.commit()
    await send_password(browser)
    await db.execute(update(Authenticator).values(last_step=0))
    await db.commit()
    await browser.submit(SECOND_STEP, {"code": phone.code(), "trust": "true"})
    new = {"old_password": PASSWORD, "password": "a new password", "password2": "a new password"}
    changed = await browser.submit("/auth/change-password", new)
    assert changed.status_code == 302
    assert await db.scalar(select(func.count(TrustedBrowser.id))) == 0


async def test_a_form_that_was_sent_late_is_kept_through_both_steps(
    app: Broadside, susans_browser: Browser, phone: Phone, db: AsyncSession
) -> None:
    form = {"csrf_token": await susans_browser.token("/"), "body": "Written for an hour"}
    await age_sessions(db, days=2)
    first = Forms((await susans_browser.post("/", data=form)).text).found["/auth/login"]
    second = await susans_browser.post(
        "/auth/login", data=first | {"email": "susan", "password": PASSWORD}
    )
    kept = Forms(second.text).found[SECOND_STEP]
    wrong = await susans_browser.post(SECOND_STEP, data=kept | {"code": "1"})
    kept = Forms(wrong.text).found[SECOND_STEP]
    back = await susans_browser.post(SECOND_STEP, data=kept | {"code": phone.code()})
    assert Forms(back.text).found["/"]["body"] == "Written for an hour"


async def test_the_second_step_ends_after_ten_minutes_and_keeps_the_form(
    browser: Browser, phone: Phone
) -> None:
    await send_password(browser)
    token = await browser.token(SECOND_STEP)
    form = {"csrf_token": token, "code": phone.code(), "draft_to": "/", "draft.body": "Kept"}
    with later(minutes=11):
        answer = await browser.post(SECOND_STEP, data=form)
        assert answer.status_code == 403
        assert Forms(answer.text).found["/auth/login"]["draft.body"] == "Kept"
    assert not await is_logged_in(browser)


async def test_a_new_password_ends_a_login_that_waits_for_its_code(
    browser: Browser, phone: Phone, susan: User, db: AsyncSession
) -> None:
    await send_password(browser)
    await db.execute(update(User).values(password_hash="another"))
    await db.commit()
    answer = await browser.submit(SECOND_STEP, {"code": phone.code()})
    assert answer.headers["location"] == "/auth/login"
    assert await db.scalar(select(func.count(LoginSession.id))) == 0


async def test_the_api_refuses_the_password_and_takes_a_token(
    app: Broadside, susans_browser: Browser, phone: Phone
) -> None:
    async with Browser(app) as program:
        refused = await program.get("/api/v1/me", auth=("susan", PASSWORD))
        assert refused.status_code == 403
        assert refused.json()["type"] == "/api/docs#second-factor"
        assert "create a token" in refused.json()["detail"]
        assert (await program.get("/api/v1/token", auth=("susan", PASSWORD))).status_code == 403
        # Nobody without the password learns that there is a second factor.
        assert (await program.get("/api/v1/me", auth=("susan", "guess"))).status_code == 401
        form = {"name": "x", "read": "true", "life": "1 day", "password": PASSWORD}
        page = await susans_browser.submit("/auth/tokens", form)
        secret = re.search(r"bsd_[\w-]+", page.text)
        assert secret
        assert (await program.get("/api/v1/me", auth=(secret[0], ""))).status_code == 200


async def test_reauthentication_takes_the_code_as_well(
    susans_browser: Browser, phone: Phone, db: AsyncSession
) -> None:
    await age_sessions(db, minutes=16)
    token = {"name": "x", "read": "true", "life": "1 day", "password": PASSWORD}
    question = await susans_browser.submit("/auth/tokens", token)
    assert question.status_code == 403
    assert PASSWORD not in question.text
    form = Forms(question.text).found["/auth/confirm-identity"] | {"password": PASSWORD}
    for code in ("", "123"):
        answer = await susans_browser.post("/auth/confirm-identity", data=form | {"code": code})
        assert answer.status_code == 422
    answer = await susans_browser.post("/auth/confirm-identity", data=form | {"code": phone.code()})
    assert answer.status_code == 200
    again = Forms(answer.text).found["/auth/tokens"] | {"password": PASSWORD}
    assert (await susans_browser.post("/auth/tokens", data=again)).status_code == 201


async def test_without_its_app_the_password_is_enough_and_nothing_is_left(
    app: Broadside, susans_browser: Browser, phone: Phone, browser: Browser, db: AsyncSession
) -> None:
    answer = await susans_browser.submit(f"{APP}/remove", page="/auth/two-factor")
    assert answer.status_code == 302
    await browser.log_in("susan")
    for table in (Authenticator, RecoveryCode, TrustedBrowser):
        assert await db.scalar(select(func.count()).select_from(table)) == 0
    assert "was removed" in (await outbox(app))[-1].text


async def test_secrets_are_sealed_again_when_the_key_of_the_site_is_replaced(
    app: Broadside, phone: Phone, make_settings: Callable[..., Settings], db: AsyncSession
) -> None:
    assert app.secret_key
    former = str(app.secret_key)
    new = create_app(make_settings(secret_key="the next key", secret_key_fallbacks=[former]))
    async with new.test_app():
        async with Browser(new) as browser:
            await send_password(browser)
            answer = await browser.submit(SECOND_STEP, {"code": phone.code()})
            assert answer.status_code == 302
        assert await reseal_some(db, new.sealer, 0) != 0
        assert await reseal_some(db, new.sealer, 0) == 0
        # A secret whose key is lost stays as it is.
        assert await reseal_some(db, Sealer(["quite another"]), 0) != 0
        await db.execute(update(Authenticator).values(last_step=0))
        await db.commit()
    newest = create_app(make_settings(secret_key="the next key"))
    async with newest.test_app(), Browser(newest) as browser:
        await send_password(browser)
        assert (await browser.submit(SECOND_STEP, {"code": phone.code()})).status_code == 302
