"""Rate limits of the API, and their headers."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.api.limits import REQUESTS
from blog.core.web.app import Broadside
from blog.core.web.rate_limits import RateLimits
from blog.models import RateLimit, User
from settings import Settings
from tests.api.support import Client, add_token, assert_problem, statements_of
from tests.support import PASSWORD

Address = Callable[[str], Awaitable[Client]]
MakeUser = Callable[..., Awaitable[User]]


@pytest.fixture
async def at(app: Broadside) -> AsyncIterator[Address]:
    """`await at("198.51.100.7")`: a client there, without credentials."""
    async with AsyncExitStack() as clients:

        async def open_client(address: str) -> Client:
            return await clients.enter_async_context(Client(app, address=address))

        yield open_client


async def burst(client: httpx.AsyncClient, number: int, at_once: int = 20) -> list[int]:
    """The statuses of so many requests, some at the same time."""
    statuses = []
    for _ in range(number // at_once):
        answers = await asyncio.gather(*(client.get("/posts/") for _ in range(at_once)))
        statuses += [answer.status_code for answer in answers]
    return statuses


async def use_up(client: httpx.AsyncClient) -> tuple[int, httpx.Response]:
    """Send requests until one is refused.

    Returns:
        How many passed, less those for which there was room again by then; and the refusal.
    """
    began, passed = time.monotonic(), 0
    while (answer := await client.get("/posts/")).status_code == 200:
        passed += 1
    return passed - int((time.monotonic() - began) / REQUESTS.step), answer


async def empty_buckets(
    app: Broadside, db: AsyncSession, seconds: float = 2 * REQUESTS.seconds
) -> None:
    """Let all buckets be full again only in so many seconds; by default, be empty for a minute."""
    app.rate_limits = RateLimits(app.database)  # It has no leases.
    full_at = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    await db.execute(update(RateLimit).values(full_at=full_at))
    await db.commit()


async def test_three_hundred_requests_at_once_pass_and_then_one_has_to_wait(at: Address) -> None:
    client = await at("198.51.100.7")
    assert set(await burst(client, 300)) == {200}
    passed, refused = await use_up(client)
    assert_problem(refused, 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "You've sent too many requests." in refused.json()["message"]
    # What came back while the first 300 were answered is not counted.
    assert passed < 200


async def test_headers_tell_how_one_stands(at: Address) -> None:
    client = await at("198.51.100.7")
    for left in (299, 298, 297):
        headers = (await client.get("/posts/")).headers
        assert headers["ratelimit-policy"] == '"default";q=300;w=60'
        name, remaining, reset = headers["ratelimit"].split(";")
        assert name == '"default"'
        assert remaining == f"r={left}"
        assert 1 <= int(reset.removeprefix("t=")) <= 4
    assert "ratelimit" in (await client.get("/posts/4711")).headers


async def test_all_tokens_of_a_person_share_a_quota_and_strangers_have_another(
    at: Address, app: Broadside, susan: User, make_user: MakeUser, db: AsyncSession
) -> None:
    david = await make_user("david")
    client = await at("198.51.100.7")
    tokens = [await add_token(app, susan) for _ in range(2)]
    await client.get("/posts/", auth=(tokens[0], ""))
    await empty_buckets(app, db)
    assert (await client.get("/posts/", auth=(tokens[0], ""))).status_code == 429
    assert (await client.get("/posts/", auth=(tokens[1], ""))).status_code == 429
    elsewhere = await at("203.0.113.7")
    assert (await elsewhere.get("/posts/", auth=(tokens[1], ""))).status_code == 429
    assert (await client.get("/posts/")).status_code == 200
    # Another person from elsewhere: the address has been used up, too.
    davids = await add_token(app, david)
    assert (await client.get("/posts/", auth=(davids, ""))).status_code == 429
    assert (await elsewhere.get("/posts/", auth=(davids, ""))).status_code == 200


async def test_anonymous_requests_do_not_use_the_quota_of_users_in_the_same_network(
    at: Address, app: Broadside, susan: User, db: AsyncSession
) -> None:
    token = await add_token(app, susan)
    client = await at("198.51.100.7")
    await client.get("/posts/")
    await empty_buckets(app, db)
    assert (await client.get("/posts/")).status_code == 429
    assert (await client.get("/posts/", auth=(token, ""))).status_code == 200


async def test_a_network_of_strangers_has_as_much_as_four_of_them(
    at: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blog.core.api.limits.REQUESTS", REQUESTS._replace(number=3, at_once=1))
    codes = [
        (await (await at(f"198.51.100.{number}")).get("/posts/")).status_code
        for number in range(20)
    ]
    assert codes == [200] * 12 + [429] * 8


@pytest.mark.parametrize("password", [PASSWORD, "wrong words"])
async def test_no_password_is_hashed_for_somebody_who_has_used_up_a_quota(
    at: Address, app: Broadside, susan: User, db: AsyncSession, password: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    client = await at("198.51.100.7")
    await client.get("/posts/", auth=("susan", password))
    await empty_buckets(app, db)
    monkeypatch.setattr(app, "passwords", None)
    assert (await client.get("/posts/", auth=("susan", password))).status_code == 429


async def test_a_refusal_costs_no_statement(
    at: Address, app: Broadside, susan: User, db: AsyncSession
) -> None:
    token, client = await add_token(app, susan), await at("198.51.100.7")
    for auth in (None, ("susan", PASSWORD), (token, "")):
        await client.get("/posts/", auth=auth)
        await empty_buckets(app, db)
        assert (await client.get("/posts/", auth=auth)).status_code == 429
        refused = await client.get("/posts/", auth=auth)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 55
        assert statements_of(refused) == 0


async def test_no_password_is_hashed_for_a_person_whose_quota_is_used_up_elsewhere(
    at: Address, app: Broadside, susan: User, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = await at("198.51.100.7"), await at("203.0.113.7")
    await here.get("/posts/", auth=("susan", PASSWORD))
    await empty_buckets(app, db)
    assert (await elsewhere.get("/posts/", auth=("susan", PASSWORD))).status_code == 429
    monkeypatch.setattr(app, "passwords", None)
    assert (await elsewhere.get("/posts/", auth=("susan", PASSWORD))).status_code == 429


async def test_the_memory_for_clients_is_bounded(
    app: Broadside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blog.core.web.rate_limits.MOST_LEASES", 10)
    for number in range(30):
        async with Client(app, address=f"203.0.{number}.7") as client:
            assert (await client.get("/posts/")).status_code == 200
    assert len(app.rate_limits._leases) <= 10


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2::7", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::7", "2001:db8:2:2::7", False),
        ("::ffff:198.51.100.7", "198.51.100.7", True),
    ],
)
async def test_a_subscriber_is_one_client(
    at: Address, app: Broadside, db: AsyncSession, one: str, other: str, is_same: bool
) -> None:
    await (await at(one)).get("/posts/")
    await empty_buckets(app, db)
    assert (await (await at(other)).get("/posts/")).status_code == (429 if is_same else 200)


async def test_wrong_tokens_count_for_the_address(
    at: Address, app: Broadside, db: AsyncSession
) -> None:
    client = await at("198.51.100.7")
    assert (await client.get("/posts/", auth=("bsd_1", ""))).status_code == 401
    await empty_buckets(app, db)
    assert (await client.get("/posts/", auth=("bsd_2", ""))).status_code == 429


async def test_a_quota_refills_evenly(at: Address, app: Broadside, db: AsyncSession) -> None:
    client = await at("198.51.100.7")
    await client.get("/posts/")
    await empty_buckets(app, db, REQUESTS.seconds - 20 * REQUESTS.step)
    passed, refused = await use_up(client)
    assert 18 <= passed <= 21
    await empty_buckets(app, db)
    refused = await client.get("/posts/")
    assert refused.status_code == 429
    assert 30 <= int(refused.headers["retry-after"]) <= 61


async def test_processes_share_what_a_client_has(
    at: Address, app: Broadside, make_settings: Callable[..., Settings]
) -> None:
    """Of many requests at once to two processes, no more pass than to one."""
    other = create_app(make_settings())
    began = time.monotonic()
    async with other.test_app(), Client(other, address="198.51.100.7") as elsewhere:
        here = await at("198.51.100.7")
        statuses = await asyncio.gather(
            *(client.get("/posts/") for _ in range(250) for client in (here, elsewhere))
        )
    passed = [answer.status_code for answer in statuses].count(200)
    refilled = (time.monotonic() - began) / REQUESTS.step
    assert {answer.status_code for answer in statuses} <= {200, 429}
    # What one of them has taken for later may be lost to the other.
    assert 300 - REQUESTS.at_once <= passed <= 300 + refilled


async def test_without_limits_nobody_is_told_of_any(
    app: Broadside, make_settings: Callable[..., Settings]
) -> None:
    unlimited = create_app(make_settings(rate_limits=False))
    async with unlimited.test_app(), Client(unlimited) as client:
        assert "ratelimit" not in (await client.get("/posts/")).headers


async def test_asking_what_is_allowed_costs_nothing(at: Address, db: AsyncSession) -> None:
    client = await at("198.51.100.7")
    await client.options("/posts/")
    assert "r=299;" in (await client.get("/posts/")).headers["ratelimit"]
