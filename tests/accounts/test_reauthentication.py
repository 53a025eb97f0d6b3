"""Sensitive actions require reauthentication, 15 minutes after the last proof."""

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.reauthentication import ALWAYS, BY_PASSWORD, declared_reauthentication
from blog.core.web.app import Broadside
from blog.models import ApiToken, Export, User
from tests.accounts.clock import age_sessions
from tests.support import PASSWORD, Browser, add_user
from tests.test_route_access import TABLE, ids
from tests.web.test_unsent_forms import OF_FILES, Forms

__all__ = ["ids"]

# Beside all forms under /admin/.
ASKING = {
    "GET /admin/users/<id:user_id>/disable",
    "GET /admin/users/<id:user_id>/role",
    "GET /auth/export/<id:export_id>",
    "GET /auth/openid/<provider>/connect",
    "GET /auth/passkeys/new",
    "GET /auth/two-factor/app",
    "GET /edit-profile/<id:user_id>",
    "POST /auth/change_email/<token>",
    "POST /auth/delete-account/<token>",
    "POST /auth/export",
    "POST /auth/openid/<id:login_id>/remove",
    "POST /auth/passkeys",
    "POST /auth/passkeys/<id:passkey_id>/remove",
    "POST /auth/two-factor/app",
    "POST /auth/two-factor/app/remove",
    "POST /auth/two-factor/recovery-codes",
    "POST /edit-profile/<id:user_id>",
}
# They ask for the password in the form, which is enough without a second factor.
ASKING_FOR_PASSWORD = {
    "POST /auth/change-password",
    "POST /auth/change_email",
    "POST /auth/delete-account",
    "POST /auth/tokens",
}
QUESTION = "/auth/confirm-identity"


def of_administration(route: str) -> bool:
    return route.startswith("POST /admin/")


def test_the_tables_have_every_route_that_asks_again(app: Broadside) -> None:
    declared: dict[str | None, set[str]] = {ALWAYS: set(), BY_PASSWORD: set(), None: set()}
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            asks = declared_reauthentication(app.view_functions[rule.endpoint], method)
            declared[asks].add(f"{method} {rule.rule}")
    changes = {row.route for row in TABLE if of_administration(row.route)}
    assert declared[ALWAYS] == ASKING | changes
    assert declared[BY_PASSWORD] == ASKING_FOR_PASSWORD


async def test_after_15_minutes_each_of_them_asks_and_does_nothing(
    app: Broadside, ids: dict[str, int | str], db: AsyncSession
) -> None:
    async with Browser(app) as browser:
        await browser.open_session("administrator")
        csrf = await browser.token("/auth/reset")
        await age_sessions(db, minutes=16)
        for row in TABLE:
            method, _, rule = row.route.partition(" ")
            address = (row.address or rule).format_map(ids)
            if row.route not in ASKING and not of_administration(row.route):
                continue
            if method == "GET":
                answer = await browser.get(address)
                assert answer.headers["location"] == f"{QUESTION}?next={address}", row.route
            else:
                # A browser names the page with the form.
                origin = {"Referer": "https://blog.test/admin/settings"}
                answer = await browser.post(address, data={"csrf_token": csrf}, headers=origin)
                assert answer.status_code == 403, row.route
                found = Forms(answer.text).found
                if rule in OF_FILES:
                    assert f"{QUESTION}?next=/admin/settings" in found
                else:
                    assert found[QUESTION]["draft_to"] == address, row.route
                assert answer.headers["cache-control"] == "no-store"
    assert await db.scalar(select(func.count(Export.id))) == 0


async def test_a_log_in_of_the_last_15_minutes_is_proof_enough(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await age_sessions(db, minutes=14)
    answer = await susans_browser.submit("/auth/export")
    assert answer.headers["location"] == "/auth/export"


async def test_what_was_asked_for_is_kept_through_the_question_and_done_afterwards(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await age_sessions(db, minutes=16)
    question = await susans_browser.submit("/auth/export")
    assert "Confirm it’s you" in question.text
    form = Forms(question.text).found[QUESTION]
    wrong = await susans_browser.post(QUESTION, data=form | {"password": "not the password"})
    assert wrong.status_code == 422
    assert "not your password" in wrong.text
    form = Forms(wrong.text).found[QUESTION]
    former = httpx.Cookies(susans_browser.cookies)
    right = await susans_browser.post(QUESTION, data=form | {"password": PASSWORD})
    assert right.status_code == 200
    assert await db.scalar(select(func.count(Export.id))) == 0
    done = await susans_browser.post("/auth/export", data=Forms(right.text).found["/auth/export"])
    assert done.headers["location"] == "/auth/export"
    assert await db.scalar(select(func.count(Export.id))) == 1
    # A copy of the cookie of before is worth nothing (ASVS 7.2.4).
    susans_browser.cookies = former
    assert "/auth/login" in (await susans_browser.get("/auth/sessions")).headers["location"]


async def test_a_page_that_was_asked_for_follows_the_answer(
    app: Broadside, db: AsyncSession
) -> None:
    await add_user(app, "boss", role="Administrator")
    bob = await add_user(app, "bob")
    async with Browser(app) as browser:
        await browser.open_session("boss")
        await age_sessions(db, minutes=16)
        asked = await browser.get(f"/admin/users/{bob.id}/role?next=/admin/users")
        question = await browser.get(asked.headers["location"])
        (action,) = [at for at in Forms(question.text).found if at.startswith(QUESTION)]
        answer = await browser.submit(action, {"password": PASSWORD}, page=action)
        assert answer.headers["location"] == f"/admin/users/{bob.id}/role?next=/admin/users"
        elsewhere = f"{QUESTION}?next=//evil.example"
        answer = await browser.submit(elsewhere, {"password": PASSWORD}, page=QUESTION)
        assert answer.headers["location"] == "/auth/sessions"


async def test_what_an_administrator_typed_comes_back_after_the_question(
    app: Broadside, db: AsyncSession
) -> None:
    await add_user(app, "boss", role="Administrator")
    bob = await add_user(app, "bob")
    address, typed = f"/admin/users/{bob.id}/role", {"role": "Moderator", "reason": "<b>Helps"}
    async with Browser(app) as browser:
        await browser.open_session("boss")
        csrf = await browser.token(address)
        await age_sessions(db, minutes=16)
        question = await browser.post(address, data=typed | {"csrf_token": csrf})
        form = Forms(question.text).found[QUESTION]
        right = await browser.post(QUESTION, data=form | {"password": PASSWORD})
        again = Forms(right.text).found[address]
        assert again.items() >= typed.items()
        assert (await browser.post(address, data=again)).status_code == 302
    role = await db.scalar(select(User.role_id).where(User.id == bob.id))
    assert role != bob.role_id


async def test_a_form_that_asks_for_the_password_is_proof_as_well(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await age_sessions(db, minutes=16)
    token = {"name": "backup", "read": "true", "life": "1 day", "password": PASSWORD}
    assert (await susans_browser.submit("/auth/tokens", token)).status_code == 201
    assert await db.scalar(select(func.count(ApiToken.id))) == 1
    assert (await susans_browser.submit("/auth/export")).status_code == 302


async def test_a_session_that_ends_at_the_question_takes_what_was_typed_to_the_log_in(
    app: Broadside, db: AsyncSession
) -> None:
    await add_user(app, "boss", role="Administrator")
    bob = await add_user(app, "bob")
    address = f"/admin/users/{bob.id}/disable"
    async with Browser(app) as browser:
        await browser.open_session("boss")
        csrf = await browser.token("/auth/reset")
        await age_sessions(db, minutes=16)
        question = await browser.post(address, data={"csrf_token": csrf, "reason": "Advertising"})
        form = Forms(question.text).found[QUESTION]
        await age_sessions(db, days=2)
        login = await browser.post(QUESTION, data=form | {"password": PASSWORD})
        assert login.status_code == 403
        assert Forms(login.text).found["/auth/login"]["draft.reason"] == "Advertising"


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json"])
async def test_a_script_gets_a_problem_document(
    susans_browser: Browser, db: AsyncSession, accept: str
) -> None:
    await age_sessions(db, minutes=16)
    csrf = await susans_browser.token("/auth/reset")
    answer = await susans_browser.post(
        "/auth/export", data={"csrf_token": csrf}, headers={"Accept": accept}
    )
    assert answer.status_code == 403
    assert "15 minutes" in answer.json()["detail"]
