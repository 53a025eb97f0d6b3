"""How many requests a client may send, and what he is told about it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.api.limits import QUOTA
from blog.models import RateLimit, User
from blog.web.app import Broadside
from blog.web.rate_limits import RateLimits
from settings import Settings
from tests.api.support import Client, add_token, assert_problem
from tests.support import Browser

Address = Callable[[str], Awaitable[Client]]


@pytest.fixture
async def limited(app: Broadside, limited_app: Broadside) -> Broadside:
    """An application with limits, on an empty site, that has not seen any client yet."""
    limited_app.rate_limits = RateLimits(limited_app.database, is_on=True)
    return limited_app


@pytest.fixture
async def at(limited: Broadside) -> AsyncIterator[Address]:
    """`await at("198.51.100.7")`: a client there, without credentials."""
    async with AsyncExitStack() as clients:

        async def open_client(address: str) -> Client:
            return await clients.enter_async_context(Client(limited, address=address))

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
    return passed - int((time.monotonic() - began) / QUOTA.step), answer


async def empty_buckets(db: AsyncSession, seconds: float = 2 * QUOTA.seconds) -> None:
    """Let all buckets be full again only in so many seconds; by default, be empty for a minute."""
    full_at = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    await db.execute(update(RateLimit).values(full_at=full_at))
    await db.commit()


async def test_three_hundred_requests_at_once_pass_and_then_one_has_to_wait(at: Address) -> None:
    client = await at("198.51.100.7")
    assert set(await burst(client, 300)) == {200}
    passed, refused = await use_up(client)
    assert_problem(refused, 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "Too many requests" in refused.json()["message"]
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


async def test_addresses_and_tokens_have_quotas_of_their_own(
    at: Address, limited: Broadside, app: Broadside, susan: User, db: AsyncSession
) -> None:
    client = await at("198.51.100.7")
    tokens = [await add_token(app, susan) for _ in range(2)]
    await client.get("/posts/")
    await client.get("/posts/", auth=(tokens[0], ""))
    await empty_buckets(db)
    limited.rate_limits = RateLimits(limited.database, is_on=True)
    assert (await client.get("/posts/")).status_code == 429
    assert (await client.get("/posts/", auth=(tokens[0], ""))).status_code == 429
    assert (await client.get("/posts/", auth=(tokens[1], ""))).status_code == 200
    assert (await (await at("198.51.100.8")).get("/posts/")).status_code == 200


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2::7", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::7", "2001:db8:1:3::7", False),
        ("::ffff:198.51.100.7", "198.51.100.7", True),
    ],
)
async def test_a_subscriber_is_one_client(
    at: Address, limited: Broadside, db: AsyncSession, one: str, other: str, is_same: bool
) -> None:
    await (await at(one)).get("/posts/")
    await empty_buckets(db)
    limited.rate_limits = RateLimits(limited.database, is_on=True)
    assert (await (await at(other)).get("/posts/")).status_code == (429 if is_same else 200)


async def test_wrong_tokens_count_for_the_address(
    at: Address, limited: Broadside, db: AsyncSession
) -> None:
    client = await at("198.51.100.7")
    assert (await client.get("/posts/", auth=("bsd_1", ""))).status_code == 401
    await empty_buckets(db)
    limited.rate_limits = RateLimits(limited.database, is_on=True)
    assert (await client.get("/posts/", auth=("bsd_2", ""))).status_code == 429


async def test_what_was_used_comes_back_bit_by_bit(
    at: Address, limited: Broadside, db: AsyncSession
) -> None:
    client = await at("198.51.100.7")
    await client.get("/posts/")
    await empty_buckets(db, QUOTA.seconds - 20 * QUOTA.step)
    limited.rate_limits = RateLimits(limited.database, is_on=True)
    passed, refused = await use_up(client)
    assert 18 <= passed <= 21
    await empty_buckets(db)
    refused = await client.get("/posts/")
    assert refused.status_code == 429
    assert 55 <= int(refused.headers["retry-after"]) <= 61


async def test_processes_share_what_a_client_has(
    at: Address, limited: Broadside, make_settings: Callable[..., Settings]
) -> None:
    """Of many requests at once to two processes, no more pass than to one."""
    other = create_app(make_settings(rate_limits=True))
    began = time.monotonic()
    async with other.test_app(), Client(other, address="198.51.100.7") as elsewhere:
        here = await at("198.51.100.7")
        statuses = await asyncio.gather(
            *(client.get("/posts/") for _ in range(250) for client in (here, elsewhere))
        )
    passed = [answer.status_code for answer in statuses].count(200)
    refilled = (time.monotonic() - began) / QUOTA.step
    assert {answer.status_code for answer in statuses} <= {200, 429}
    # What one of them has taken for later may be lost to the other.
    assert 300 - QUOTA.at_once <= passed <= 300 + refilled


async def test_without_limits_nobody_is_told_of_any(anonymous: Client) -> None:
    assert "ratelimit" not in (await anonymous.get("/posts/")).headers


async def test_asking_what_is_allowed_costs_nothing(at: Address, db: AsyncSession) -> None:
    client = await at("198.51.100.7")
    await client.options("/posts/")
    assert "r=299;" in (await client.get("/posts/")).headers["ratelimit"]


ACCOUNT = {"password": "long enough words", "password2": "long enough words"}


async def test_twenty_accounts_an_hour_are_made_from_an_address_by_the_page_and_the_api(
    at: Address, limited: Broadside
) -> None:
    client = await at("198.51.100.7")

    def account(number: int) -> dict[str, str]:
        return ACCOUNT | {"email": f"{number}@example.com", "username": f"person{number}"}

    async with Browser(limited, "198.51.100.7") as browser:
        made = [await client.post("/users/", json=account(number)) for number in range(10)]
        assert {answer.status_code for answer in made} == {201}
        # Who has made a mistake is not punished for it.
        assert (await browser.submit("/auth/register", {"username": "x"})).status_code == 422
        for number in range(10, 20):
            assert (await browser.submit("/auth/register", account(number))).status_code == 302
        refused = await client.post("/users/", json=account(20))
        assert_problem(refused, 429)
        assert 170 <= int(refused.headers["retry-after"]) <= 180
        page = await browser.submit("/auth/register", account(20))
    assert page.status_code == 429
    assert 170 <= int(page.headers["retry-after"]) <= 180
    assert "Try again in 3 minutes." in page.text
    assert 'value="20@example.com"' in page.text
    assert 'value="person20"' in page.text
    elsewhere = await at("198.51.100.8")
    assert (await elsewhere.post("/users/", json=account(20))).status_code == 201


async def test_sixty_previews_a_minute_are_made_for_a_person(
    limited: Broadside, susan: User, make_user: Callable[..., Awaitable[User]]
) -> None:
    await make_user("david")
    async with Browser(limited) as susans, Browser(limited) as davids:
        await susans.log_in("susan")
        await davids.log_in("david")
        form = {"csrf_token": await susans.token("/"), "body": "Some *words*."}
        for _ in range(60):
            assert (await susans.post("/preview", data=form)).status_code == 200
        began, passed = time.monotonic(), 0
        while (refused := await susans.post("/preview", data=form)).status_code == 200:
            passed += 1
        assert passed <= 60 + time.monotonic() - began
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert (await davids.submit("/preview", {"body": "x"}, page="/")).status_code == 200
