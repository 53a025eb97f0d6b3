"""Authentication of API clients, and its rate limits."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.tokens.service import MOST_TOKENS
from blog.core.clock import now
from blog.core.crypto.passwords import Passwords
from blog.core.web.app import Broadside
from blog.models import ApiToken, Scope, User
from tests.api.support import Client, add_token, assert_problem
from tests.support import PASSWORD, Browser, add_user

CHALLENGES = ("Basic realm=", "Bearer realm=")


@pytest.mark.parametrize("login", ["susan@example.com", "Susan@Example.com", "susan", "SUSAN"])
async def test_a_password_goes_with_an_address_or_a_name(
    anonymous: Client, susan: User, login: str
) -> None:
    answer = await anonymous.get("/me", auth=(login, PASSWORD))
    assert answer.status_code == 200
    assert (answer.json()["username"], answer.json()["email"]) == ("susan", "susan@example.com")


async def test_a_token_is_a_user_without_a_password_or_a_bearer_token(
    anonymous: Client, client: Client
) -> None:
    issued = await client.get("/token")
    assert issued.headers["cache-control"] == "no-store"
    assert issued.json()["expiration"] == 3600
    token = issued.json()["token"]
    assert (await anonymous.get("/me", auth=(token, ""))).status_code == 200
    for scheme in ("Bearer", "bearer"):
        answer = await anonymous.get("/me", headers={"Authorization": f"{scheme} {token}"})
        assert answer.status_code == 200
    made = await anonymous.post("/posts/", json={"body": "x"}, auth=(token, ""))
    assert made.status_code == 201


@pytest.mark.parametrize(
    "auth", [("susan", "wrong words"), ("nobody", PASSWORD), ("bsd_nothing", ""), ("susan", "")]
)
async def test_wrong_credentials_are_401_with_a_challenge(
    anonymous: Client, susan: User, auth: tuple[str, str]
) -> None:
    answer = await anonymous.get("/posts/", auth=auth)
    assert_problem(answer, 401)
    assert all(part in answer.headers["www-authenticate"] for part in CHALLENGES)


async def test_credentials_that_are_missing_are_401_with_a_challenge(anonymous: Client) -> None:
    for auth in (None, ("", "")):
        answer = await anonymous.post("/posts/", json={"body": "x"}, auth=auth)
        assert_problem(answer, 401)
        assert all(part in answer.headers["www-authenticate"] for part in CHALLENGES)
    assert (await anonymous.get("/posts/", auth=("", ""))).status_code == 200


async def test_a_token_ends_with_its_time_when_it_is_revoked_and_when_the_account_is_disabled(
    app: Broadside, anonymous: Client, db: AsyncSession, susan: User
) -> None:
    ended = [
        update(ApiToken).values(expires_at=now()),
        delete(ApiToken),
        update(User).values(disabled_at=now()),
    ]
    for end in ended:
        token = await add_token(app, susan)
        assert (await anonymous.get("/me", auth=(token, ""))).status_code == 200
        await db.execute(end)
        await db.commit()
        assert_problem(await anonymous.get("/me", auth=(token, "")), 401)
    assert_problem(await anonymous.get("/me", auth=("susan", PASSWORD)), 401)


async def test_an_unconfirmed_account_is_403_also_for_what_strangers_may_read(
    app: Broadside, anonymous: Client
) -> None:
    newcomer = await add_user(app, "newcomer", confirmed=False)
    for auth in (("newcomer", PASSWORD), (await add_token(app, newcomer), "")):
        problem = assert_problem(await anonymous.get("/posts/", auth=auth), 403)
        assert "confirm" in problem["message"]


async def test_a_token_cannot_make_another(bearer: Client) -> None:
    for method, address in (("GET", "/token"), ("HEAD", "/token"), ("POST", "/tokens/")):
        answer = await bearer.request(method, address, json={"name": "another"})
        assert answer.status_code == 401
        assert "www-authenticate" in answer.headers
    assert len((await bearer.get("/tokens/")).json()["tokens"]) == 1


async def test_a_named_token_is_made_seen_and_revoked(anonymous: Client, client: Client) -> None:
    wanted = {"name": "reader", "scopes": ["read"], "expiration": 86400}
    made = await client.post("/tokens/", json=wanted)
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    token, url = made.json()["token"], made.json()["url"]
    assert made.headers["location"] == url
    assert (await anonymous.get("/me", auth=(token, ""))).status_code == 200
    assert_problem(await anonymous.post("/posts/", json={"body": "x"}, auth=(token, "")), 403)
    (listed,) = (await client.get("/tokens/")).json()["tokens"]
    assert (listed["name"], listed["scopes"], "token" in listed) == ("reader", ["read"], False)
    assert listed["last_used_at"] is not None
    assert (await client.get(url)).json() == listed
    assert (await client.delete(url)).status_code == 204
    assert_problem(await anonymous.get("/me", auth=(token, "")), 401)
    assert_problem(await client.delete(url), 404)


async def test_nobody_revokes_the_token_of_another(
    app: Broadside, client: Client, anonymous: Client
) -> None:
    david = await add_user(app, "david")
    token = await add_token(app, david)
    for method in ("GET", "DELETE"):
        assert_problem(await client.request(method, "/tokens/1"), 404)
    assert (await anonymous.get("/me", auth=(token, ""))).status_code == 200


async def test_the_limit_of_tokens_is_reported_and_a_revocation_makes_room(
    app: Broadside, client: Client, susan: User
) -> None:
    for _ in range(MOST_TOKENS):
        await add_token(app, susan)
    wanted = {"name": "one more"}
    problem = assert_problem(await client.post("/tokens/", json=wanted), 409)
    assert "Revoke one" in problem["detail"]
    assert (await client.delete("/tokens/1")).status_code == 204
    assert (await client.post("/tokens/", json=wanted)).status_code == 201


async def test_only_moderators_get_tokens_that_moderate(app: Broadside, client: Client) -> None:
    wanted = {"scopes": ["read", "moderate"]}
    assert_problem(await client.post("/tokens/", json=wanted), 422)
    await add_user(app, "maud", role="Moderator")
    assert (await client.post("/tokens/", json=wanted, auth=("maud", PASSWORD))).status_code == 201


async def test_a_cookie_means_nothing_and_none_is_set(
    app: Broadside, susans_browser: Browser
) -> None:
    assert (await susans_browser.get("/edit-profile")).status_code == 200
    requests = [
        ("GET", "/api/v1/me", None, 401),
        ("PATCH", "/api/v1/me", {"name": "x"}, 401),
        ("POST", "/api/v1/posts/", {"body": "x"}, 401),
        ("GET", "/api/v1/posts/", None, 200),
        ("GET", "/api/v1/nothing", None, 404),
        ("DELETE", "/api/v1/posts/", None, 405),
        ("OPTIONS", "/api/v1/posts/", None, 200),
        ("GET", "/api/v1/posts", None, 308),
    ]
    for method, address, body, status in requests:
        answer = await susans_browser.request(method, address, json=body)
        assert (address, answer.status_code) == (address, status)
        assert "set-cookie" not in answer.headers
    auth = ("susan", PASSWORD)
    answer = await susans_browser.post("/api/v1/posts/", json={"body": "x"}, auth=auth)
    assert (answer.status_code, "set-cookie" in answer.headers) == (201, False)


async def test_wrong_passwords_count_towards_the_limit_of_the_login_page(
    app: Broadside, anonymous: Client, browser: Browser, susan: User
) -> None:
    for _ in range(5):
        assert_problem(await anonymous.get("/posts/", auth=("susan", "wrong words")), 401)
    answer = await anonymous.get("/posts/", auth=("susan", PASSWORD))
    assert_problem(answer, 429)
    assert 120 < int(answer.headers["retry-after"]) <= 180
    page = await browser.submit("/auth/login", {"email": "susan", "password": PASSWORD})
    assert page.status_code == 429
    token = await add_token(app, susan)
    assert (await anonymous.get("/me", auth=(token, ""))).status_code == 200


async def test_a_right_password_is_never_a_failure(anonymous: Client, susan: User) -> None:
    for _ in range(7):
        assert (await anonymous.get("/me", auth=("susan", PASSWORD))).status_code == 200


async def test_a_token_costs_no_hash_and_a_password_one(
    anonymous: Client, app: Broadside, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []
    verify = Passwords.verify

    async def counting(self: Passwords, stored: str | None, password: str) -> bool:
        hashed.append(password)
        return await verify(self, stored, password)

    monkeypatch.setattr(Passwords, "verify", counting)
    token = await add_token(app, susan)
    for auth in ((token, ""), ("nothing", "")):
        await anonymous.get("/posts/", auth=auth)
    assert hashed == []
    await anonymous.get("/posts/", auth=("susan", PASSWORD))
    assert len(hashed) == 1


async def test_when_a_token_was_used_is_noted_once_a_minute(
    app: Broadside, anonymous: Client, db: AsyncSession, susan: User
) -> None:
    token = await add_token(app, susan, Scope.READ)

    async def noted(age: timedelta) -> bool:
        """Whether a use is noted when the last one was so long ago."""
        before = now() - age
        await db.execute(update(ApiToken).values(last_used_at=before))
        await db.commit()
        await anonymous.get("/posts/", auth=(token, ""))
        row = (await db.scalars(ApiToken.__table__.select().with_only_columns(
            ApiToken.last_used_at))).one()  # fmt: skip
        await db.commit()
        return bool(row > before)

    assert [await noted(timedelta(seconds=age)) for age in (50, 70)] == [False, True]
