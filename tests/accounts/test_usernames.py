"""Reserved and confusable usernames are refused."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from blog.accounts.registration.usernames import ROLES, fold
from blog.core.db.database import Database
from blog.core.web.app import Broadside
from blog.models import User
from tests.databases import create_database, drop_database
from tests.support import PASSWORD, Browser, add_user
from tests.test_migrations import run

RESERVED = "This username is reserved. Please choose another one."
ALIKE = "This username looks too much like someone else&#39;s."


async def register(browser: Browser, username: str) -> httpx.Response:
    fields = {"email": "new@example.com", "username": username}
    return await browser.submit(
        "/auth/register", fields | {"password": PASSWORD, "password2": PASSWORD}
    )


def first_parts(app: Broadside) -> set[str]:
    """The first path segments of all routes that are valid usernames."""
    parts = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    return {part for part in parts if part.isidentifier()}


async def test_names_of_the_site_are_reserved(app: Broadside) -> None:
    names = ROLES | first_parts(app)
    assert {"admin", "support", "broadside", "auth", "static", "api", "moderate"} <= names
    names |= {"Adm1n", "SUPP0RT", "blog", "test", "no_reply", "root_"}
    for number, username in enumerate(sorted(names)):
        # Each from a network of its own, because registrations are limited.
        async with Browser(app, f"198.51.{number}.1") as browser:
            answer = await register(browser, username)
        assert answer.status_code == 422, username
        assert RESERVED in answer.text, username


async def test_the_name_of_the_site_is_reserved(make_settings: Callable[..., object]) -> None:
    from blog import create_app

    app = create_app(make_settings(site_name="The Daily Robin", base_url="https://robin.example"))
    for username in ("TheDailyRobin", "the.daily_robin", "robin", "example"):
        assert fold(username) in app.reserved_usernames


@pytest.mark.parametrize(
    "username", ["robin", "ROBIN", "r0bin", "rob1n", "roblN", "robin_", "robin__", "r0b1n"]
)
async def test_no_two_names_look_alike(browser: Browser, username: str) -> None:
    first = {"email": "robin@example.com", "username": "Robin", "password": PASSWORD}
    assert (await browser.post("/api/v1/users/", json=first)).status_code == 201
    page = await register(browser, username)
    assert page.status_code == 422
    assert ALIKE in page.text or "This username is taken" in page.text
    answer = await browser.post(
        "/api/v1/users/", json=first | {"email": "x@example.com", "username": username}
    )
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["username"]


@pytest.mark.parametrize("pair", [("jan.doe", "jan_doe"), ("morris", "rnorris"), ("owl", "ovvl")])
def test_pairs_that_look_alike(pair: tuple[str, str]) -> None:
    assert fold(pair[0]) == fold(pair[1])


@pytest.mark.parametrize("pair", [("jan", "jane"), ("jandoe", "jan.doe"), ("sam", "pam")])
def test_pairs_that_do_not_look_alike(pair: tuple[str, str]) -> None:
    assert fold(pair[0]) != fold(pair[1])


@pytest.mark.parametrize("username", ["robin.", "r.", "robin..", "1robin", ".robin", "ro bin", "é"])
async def test_a_name_is_letters_digits_dots_and_underscores(
    browser: Browser, username: str
) -> None:
    answer = await register(browser, username)
    assert answer.status_code == 422
    assert "Use only letters, digits, dots and underscores. Start with a letter" in answer.text


@pytest.mark.parametrize("local_part", ["x" * 65, "x" * 100])
async def test_the_part_before_the_at_sign_has_64_characters_at_most(
    browser: Browser, local_part: str
) -> None:
    account = {"email": f"{local_part}@example.com", "username": "robin", "password": PASSWORD}
    answer = await browser.post("/api/v1/users/", json=account)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["email"]
    account["email"] = f"{'x' * 64}@example.com"
    assert (await browser.post("/api/v1/users/", json=account)).status_code == 201


async def test_an_administrator_may_assign_a_reserved_name_but_no_lookalike(
    app: Broadside, browser: Browser
) -> None:
    await add_user(app, "maud", role="Administrator")
    await browser.post(
        "/api/v1/users/",
        json={"email": "robin@example.com", "username": "robin", "password": PASSWORD},
    )
    david: User = await add_user(app, "david")
    await browser.log_in("maud")
    account = {"email": "david@example.com", "role": "User", "confirmed": "y", "reason": "Asked."}
    address = f"/edit-profile/{david.id}"
    refused = await browser.submit(address, account | {"username": "r0bin"})
    assert refused.status_code == 422
    assert ALIKE in refused.text
    assert (await browser.submit(address, account | {"username": "support"})).status_code == 302
    assert (await browser.submit(address, account | {"username": "david"})).status_code == 302


@pytest.fixture
async def older_site(database_url: str) -> AsyncIterator[Database]:
    """A database from before confusable usernames were refused."""
    database = Database(await create_database(database_url, "older"), Path())
    await database.open()
    await run(database, "downgrade", "6a1c84e2f07b")
    yield database
    await database.close()
    await drop_database(database_url, "older")


@pytest.mark.live
async def test_older_accounts_keep_their_names_and_the_oldest_its_looks(
    older_site: Database,
) -> None:
    people = ["robin", "robin.", "r0bin", "owl", "j.doe", "j_doe", "jdoe", "x2y", "x3y"]
    add = text(
        "INSERT INTO users (username, email, password_hash, role_id) "
        "VALUES (:username, :email, 'x', 1)"
    )
    async with older_site.engine.begin() as connection:
        await connection.execute(
            text("INSERT INTO roles (name, permissions, is_default) VALUES ('Member', 1, false)")
        )
        await connection.execute(
            add, [{"username": name, "email": f"{name}@example.com"} for name in people]
        )
    await run(older_site, "upgrade", "head")
    async with older_site.engine.connect() as connection:
        rows = await connection.execute(text("SELECT username, username_fold FROM users"))
        folds = {row.username: row.username_fold for row in rows}
    kept = {"robin", "owl", "j.doe", "jdoe", "x2y", "x3y"}
    assert {name: folded for name, folded in folds.items() if folded} == {
        name: fold(name) for name in kept
    }
