"""Rate limits prevent password guessing."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.clock import now
from blog.core.crypto.passwords import Passwords
from blog.core.web.app import Broadside
from blog.models import RateLimit, User
from settings import Settings
from tests.accounts.clock import refill
from tests.jobs import do_job
from tests.support import PASSWORD, Browser, link_in, outbox

MakeUser = Callable[..., Awaitable[User]]

# The addresses of one server with IPv6, of four servers in a /24, and of a botnet.
ONE_48 = [f"2001:db8:1:{number:x}::7" for number in range(0, 65_536, 600)]
EIGHTY_NETWORKS = [f"198.{18 + number // 256}.{number % 256}.7" for number in range(80)]


class Form(NamedTuple):
    """The log-in form: the token in it, and the cookies that the token belongs to."""

    token: str
    cookies: httpx.Cookies


async def login_form(app: Broadside) -> Form:
    """Fetch the form, which any number of attempts may use."""
    async with Browser(app) as browser:
        return Form(await browser.token("/auth/login"), browser.cookies)


async def attempt(
    app: Broadside,
    login: str,
    address: str,
    password: str = "wrong words",
    form: Form | None = None,
) -> httpx.Response:
    """Try to log in from an address, with an unknown browser."""
    token, cookies = form or await login_form(app)
    async with Browser(app, address) as browser:
        browser.cookies.update(cookies)
        data = {"csrf_token": token, "email": login, "password": password}
        return await browser.post("/auth/login", data=data)


async def statuses(
    app: Broadside, times: int, login: str, address: str, password: str = "wrong words"
) -> list[int]:
    """The responses to a number of consecutive attempts."""
    form = await login_form(app)
    return [(await attempt(app, login, address, password, form)).status_code for _ in range(times)]


async def passed(
    app: Broadside, logins: Iterable[str], addresses: Iterable[str], most: int = 0
) -> int:
    """How many wrong passwords are checked, with one attempt per login and address.

    Those above `most` are not counted for which there was room again by then: a bucket that has so
    many needs a quarter of an hour or longer to refill.
    """
    began, form = time.monotonic(), await login_form(app)
    codes = [
        (await attempt(app, login, address, form=form)).status_code
        for login, address in zip(logins, addresses, strict=False)
    ]
    assert set(codes) <= {422, 429}
    refilled = int((time.monotonic() - began) * most / (15 * 60))
    return max(codes.count(422) - refilled, min(codes.count(422), most))


def always(login: str) -> Iterable[str]:
    """The same login again and again."""
    return (login for _ in range(1_000))


@pytest.mark.parametrize("login", ["susan", "susan@example.com", "nobody", "nobody@example.com"])
async def test_after_five_failures_even_the_right_password_has_to_wait(
    app: Broadside, susan: User, login: str
) -> None:
    assert await statuses(app, 5, login, "198.51.100.7") == [422] * 5
    answer = await attempt(app, login, "198.51.100.7", PASSWORD)
    assert answer.status_code == 429
    assert 120 < int(answer.headers["retry-after"]) <= 180
    assert "Try again in 3 minutes." in answer.text
    assert f'value="{login}"' in answer.text


async def test_the_account_is_the_same_whatever_the_case(app: Broadside, susan: User) -> None:
    for login in ("susan", "Susan", "SUSAN", " susan ", "sUsan"):
        await attempt(app, login, "198.51.100.7")
    assert await statuses(app, 1, "susan", "198.51.100.7", PASSWORD) == [429]


@pytest.mark.parametrize(
    ("guilty", "same", "neighbour"),
    [
        ("198.51.100.7", "198.51.100.7", "198.51.100.8"),
        ("2001:db8:1:2::7", "2001:db8:1:2:ffff::1", "2001:db8:1:3::7"),
        ("::ffff:198.51.100.7", "198.51.100.7", "::ffff:198.51.100.8"),
    ],
)
async def test_a_client_is_shut_out_and_the_owner_next_door_is_not(
    app: Broadside, susan: User, guilty: str, same: str, neighbour: str
) -> None:
    await statuses(app, 5, "susan", guilty)
    assert await statuses(app, 1, "susan", same, PASSWORD) == [429]
    assert await statuses(app, 1, "susan", neighbour, PASSWORD) == [302]
    # The owner's success does not reset the attacker's limit.
    assert await statuses(app, 1, "susan", guilty, PASSWORD) == [429]


@pytest.mark.parametrize("login", ["susan", "susan@example.com", "nobody", "nobody@example.com"])
@pytest.mark.parametrize(
    ("addresses", "most"),
    [
        ([f"198.51.100.{number}" for number in range(40)], 20),
        ([f"2001:db8:1:2::{number:x}" for number in range(40)], 5),
        ([f"2001:db8:1:2{number:02x}::7" for number in range(40)], 10),
        (ONE_48, 20),
        (EIGHTY_NETWORKS, 30),
    ],
    ids=["/24", "/64", "/56", "/48", "80 networks"],
)
async def test_guesses_at_an_account_meet_a_limit_wherever_they_come_from(
    app: Broadside, susan: User, login: str, addresses: list[str], most: int
) -> None:
    assert await passed(app, always(login), addresses[: most + 10], most) == most


@pytest.mark.parametrize(
    ("addresses", "most"),
    [
        (["198.51.100.7"] * 100, 20),
        ([f"198.51.100.{number}" for number in range(100)], 80),
        (ONE_48[:100], 80),
    ],
    ids=["address", "/24", "/48"],
)
async def test_guesses_at_many_accounts_meet_a_limit_of_the_network(
    app: Broadside, addresses: list[str], most: int
) -> None:
    names = [f"person{number}" for number in range(100)]
    assert await passed(app, names, addresses, most) == most


async def test_after_many_guesses_the_pauses_grow(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    looked_at, waits, form = 0, [], await login_form(app)
    for hours in (1, 1, 24, 1, 0):
        for address in EIGHTY_NETWORKS[:45]:
            answer = await attempt(app, "susan", address, form=form)
            looked_at += answer.status_code == 422
        waits.append(int(answer.headers["retry-after"]))
        await refill(app, db, hours=hours)
    assert looked_at <= 105
    assert 60 <= waits[0] <= 120  # 30 an hour
    assert 1_200 <= waits[2] <= 1_440  # 60 a day
    assert 3_600 < waits[4] <= 25_920  # 100 in 30 days
    assert re.search(r"Try again in \d hours\.", answer.text)


@pytest.mark.parametrize("network", [ONE_48, EIGHTY_NETWORKS], ids=["/48", "80 networks"])
async def test_the_owner_still_gets_in_where_they_were_before(
    app: Broadside, susan: User, network: list[str]
) -> None:
    async with Browser(app, network[0]) as home:
        await home.log_in("susan")
        await home.submit("/auth/logout", page="/auth/sessions")
        await passed(app, always("susan"), network)
        assert await statuses(app, 1, "susan", network[0], PASSWORD) == [429]
        await home.log_in("susan")


async def test_the_owner_gets_in_anywhere_by_a_new_password(
    app: Broadside, susan: User, make_settings: Callable[..., Settings]
) -> None:
    await passed(app, always("susan@example.com"), EIGHTY_NETWORKS)
    async with Browser(app, "203.0.113.7") as browser:
        await browser.submit("/auth/reset", {"email": "susan@example.com"})
        mail = (await outbox(app))[-1]
        link = mail.text[mail.text.index("/auth/reset/") :].split()[0]
        new = {"password": "another horse battery", "password2": "another horse battery"}
        await browser.submit(link, new)
        await browser.log_in("susan@example.com", new["password"])
    # Previous guesses are worthless now, so the counts are reset.
    assert await statuses(app, 1, "susan@example.com", "203.0.113.8", new["password"]) == [302]


async def test_the_owner_gets_in_on_a_new_device_by_a_link_and_with_the_same_password(
    app: Broadside, susan: User
) -> None:
    await passed(app, always("susan"), EIGHTY_NETWORKS[:35])
    async with Browser(app, "203.0.113.7") as browser:
        form = {"email": "susan", "password": PASSWORD}
        refused = await browser.submit("/auth/login", form)
        assert refused.status_code == 429
        assert "/auth/unlock" in refused.text
        await browser.submit("/auth/unlock", {"email": "nobody@example.com"})
        await browser.submit("/auth/unlock", {"email": "susan@example.com"})
        mail = (await outbox(app))[-1]
        assert (mail.purpose, mail.recipient) == ("unlock_device", "susan@example.com")
        await browser.submit(link_in(mail))
        await browser.log_in("susan")
        page = await browser.get("/auth/sessions")
        assert "tried many wrong passwords" in page.text
    async with Browser(app, "203.0.113.8") as attacker:
        assert (await attacker.submit("/auth/login", form)).status_code == 429


async def test_the_owner_is_told_once_that_somebody_tries(
    app: Broadside, susan: User, make_user: MakeUser
) -> None:
    await make_user("david", confirmed=False)
    await make_user("john", disabled_at=now())
    for login in ("susan", "susan@example.com", "david", "john", "nobody"):
        await passed(app, always(login), EIGHTY_NETWORKS[:35])
    (mail,) = await outbox(app)
    assert (mail.purpose, mail.recipient) == ("password_guessing", "susan@example.com")
    assert "https://blog.test/auth/unlock/" in mail.text


async def test_a_success_clears_the_count_of_the_account(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    await statuses(app, 4, "susan", "198.51.100.7")
    await statuses(app, 4, "susan@example.com", "198.51.100.7")
    assert await statuses(app, 1, "susan", "198.51.100.7", PASSWORD) == [302]
    assert await statuses(app, 5, "susan", "198.51.100.7") == [422] * 5


async def test_after_a_pause_there_is_one_more_try(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    await statuses(app, 5, "susan", "198.51.100.7")
    await refill(app, db, seconds=150)
    answer = await attempt(app, "susan", "198.51.100.7")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 30
    # Refused attempts are not counted.
    await refill(app, db, seconds=30)
    assert await statuses(app, 1, "susan", "198.51.100.7", PASSWORD) == [302]


async def test_expired_attempts_are_deleted(app: Broadside, susan: User, db: AsyncSession) -> None:
    for number in range(5):
        await attempt(app, f"person{number}", f"198.51.{number}.7")
    await refill(app, db, days=31)
    await attempt(app, "susan", "203.0.0.7")
    remembered = select(RateLimit.key_digest).where(RateLimit.full_at > func.now())
    expected = set(await db.scalars(remembered))
    await do_job(app, "delete_full_rate_limits")
    assert set(await db.scalars(select(RateLimit.key_digest))) == expected != set()


@pytest.mark.parametrize(
    ("login", "addresses", "most"),
    [
        ("susan", [f"198.51.100.{number}" for number in range(100)], 20),
        ("nobody", [f"198.51.100.{number}" for number in range(100)], 20),
        ("susan", ONE_48[:100], 20),
        ("susan", ["198.51.100.7"] * 100, 5),
        ("susan", [f"198.{18 + number}.0.7" for number in range(100)], 30),
    ],
    ids=["/24", "/24, nobody", "/48", "address", "anywhere"],
)
async def test_of_a_hundred_tries_at_once_no_more_are_looked_at_than_the_limit(
    app: Broadside, make_settings: Callable[..., Settings], susan: User, login: str,
    addresses: list[str], most: int, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    verified = []
    verify = Passwords.verify

    async def counting(self: Passwords, stored: str | None, password: str) -> bool:
        verified.append(password)
        return await verify(self, stored, password)

    monkeypatch.setattr(Passwords, "verify", counting)
    worker = create_app(make_settings())
    worker.passwords = Passwords(time_cost=1, memory_kib=8)
    form = await login_form(app)
    async with worker.test_app():
        answers = await asyncio.gather(
            *(
                attempt((app, worker)[number % 2], login, address, form=form)
                for number, address in enumerate(addresses)
            )
        )
    codes = [answer.status_code for answer in answers]
    looked_at = codes.count(422)
    assert set(codes) == {422, 429}
    assert len(verified) == looked_at
    # A process may have a lease left from an attempt that another bucket refused.
    assert most - 1 <= looked_at <= most


async def test_of_a_hundred_tries_at_once_for_as_many_accounts_twenty_are_looked_at(
    app: Broadside,
) -> None:
    form = await login_form(app)
    answers = await asyncio.gather(
        *(attempt(app, f"person{number}", "198.51.100.7", form=form) for number in range(100))
    )
    codes = [answer.status_code for answer in answers]
    assert (codes.count(422), codes.count(429)) == (20, 80)


async def test_fifty_people_behind_one_address_log_in_at_once(
    app: Broadside, make_user: MakeUser
) -> None:
    names = [f"person{number}" for number in range(50)]
    for name in names:
        await make_user(name)
    answers = await asyncio.gather(
        *(attempt(app, name, "198.51.100.7", PASSWORD) for name in names)
    )
    assert {answer.status_code for answer in answers} == {302}


async def test_a_client_without_an_address_is_counted_too(app: Broadside, susan: User) -> None:
    assert await statuses(app, 5, "susan", "<local>") == [422] * 5
    assert await statuses(app, 1, "susan", "<local>", PASSWORD) == [429]


@pytest.mark.parametrize("address", ["fe80::1%eth0", "<local>", "::1"])
async def test_any_kind_of_client_address_will_do(
    app: Broadside, susan: User, address: str
) -> None:
    async with Browser(app, address) as browser:
        await browser.log_in("susan")
        assert (await browser.get("/auth/sessions")).status_code == 200


@pytest.mark.parametrize(
    ("page", "form"),
    [
        ("/auth/change-password", {"old_password": "wrong words", "password": "a new password",
                                   "password2": "a new password"}),
        ("/auth/change_email", {"email": "new@example.com", "password": "wrong words"}),
        ("/auth/delete-account", {"password": "wrong words"}),
    ],
)  # fmt: skip
async def test_who_finds_a_browser_logged_in_cannot_guess_the_password_there(
    susans_browser: Browser, page: str, form: dict[str, str]
) -> None:
    codes = [(await susans_browser.submit(page, form)).status_code for _ in range(11)]
    assert codes == [422] * 10 + [429]


async def test_the_account_is_not_stored_as_it_was_typed(app: Broadside, db: AsyncSession) -> None:
    await attempt(app, "my secret password", "198.51.100.7")
    for key in await db.scalars(select(RateLimit.key_digest)):
        assert b"secret" not in key
        assert len(key) == 32
