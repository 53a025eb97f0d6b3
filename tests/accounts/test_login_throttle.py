"""Nobody guesses passwords by trying."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.kit.passwords import Passwords
from blog.models import LoginFailure, User
from blog.web.app import Broadside
from settings import Settings
from tests.accounts.clock import age_failures
from tests.support import PASSWORD, Browser

MakeUser = Callable[..., Awaitable[User]]


async def attempt(
    app: Broadside, login: str, address: str, password: str = "wrong words"
) -> httpx.Response:
    """Try to log in from an address."""
    async with Browser(app, address) as browser:
        return await browser.submit("/auth/login", {"email": login, "password": password})


async def statuses(
    app: Broadside, times: int, login: str, address: str, password: str = "wrong words"
) -> list[int]:
    """What so many tries get, one after the other."""
    return [(await attempt(app, login, address, password)).status_code for _ in range(times)]


@pytest.mark.parametrize("login", ["susan", "susan@example.com", "nobody", "nobody@example.com"])
async def test_after_five_failures_even_the_right_password_has_to_wait(
    app: Broadside, susan: User, login: str
) -> None:
    assert await statuses(app, 5, login, "198.51.100.7") == [422] * 5
    answer = await attempt(app, login, "198.51.100.7", PASSWORD)
    assert answer.status_code == 429
    assert 890 <= int(answer.headers["retry-after"]) <= 900
    assert "Try again in 15 minutes." in answer.text


async def test_the_account_is_the_same_whatever_the_case(app: Broadside, susan: User) -> None:
    for login in ("susan", "Susan", "SUSAN", " susan ", "sUsan"):
        await attempt(app, login, "198.51.100.7")
    assert await statuses(app, 1, "susan", "198.51.100.7", PASSWORD) == [429]


@pytest.mark.parametrize(
    ("guilty", "same", "other"),
    [
        ("198.51.100.7", "198.51.100.250", "198.51.101.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2:ffff::1", "2001:db8:1:3::7"),
        ("::ffff:198.51.100.7", "198.51.100.8", "::ffff:198.51.101.7"),
    ],
)
async def test_a_network_is_shut_out_and_the_owner_elsewhere_is_not(
    app: Broadside, susan: User, guilty: str, same: str, other: str
) -> None:
    await statuses(app, 5, "susan", guilty)
    assert await statuses(app, 1, "susan", same, PASSWORD) == [429]
    assert await statuses(app, 1, "susan", other, PASSWORD) == [302]
    # The owner's success does not give the guesser another five tries.
    assert await statuses(app, 1, "susan", guilty, PASSWORD) == [429]


@pytest.mark.parametrize(
    ("guilty", "same", "neighbour"),
    [
        ("198.51.100.7", "198.51.100.7", "198.51.100.8"),
        ("2001:db8:1:2::7", "2001:db8:1:2::8", "2001:db8:1:3::7"),
    ],
)
async def test_after_twenty_failures_an_address_waits_for_every_account(
    app: Broadside, susan: User, guilty: str, same: str, neighbour: str
) -> None:
    for number in range(20):
        assert (await attempt(app, f"person{number}", guilty)).status_code == 422
    assert await statuses(app, 1, "susan", same, PASSWORD) == [429]
    assert await statuses(app, 1, "susan", neighbour, PASSWORD) == [302]


async def test_a_success_clears_the_count_of_the_account(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    await statuses(app, 4, "susan", "198.51.100.7")
    await statuses(app, 4, "susan@example.com", "198.51.100.7")
    await statuses(app, 3, "david", "198.51.100.7")
    assert await statuses(app, 1, "susan", "198.51.100.7", PASSWORD) == [302]
    assert await db.scalar(select(func.count()).select_from(LoginFailure)) == 3
    assert await statuses(app, 5, "susan", "198.51.100.7") == [422] * 5


async def test_failures_are_forgotten_after_15_minutes(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    await statuses(app, 5, "susan", "198.51.100.7")
    await age_failures(db, minutes=14)
    answer = await attempt(app, "susan", "198.51.100.7")
    assert answer.status_code == 429
    assert 50 <= int(answer.headers["retry-after"]) <= 60
    assert "Try again in 1 minute." in answer.text
    await age_failures(db, minutes=1)
    assert await statuses(app, 1, "susan", "198.51.100.7", PASSWORD) == [302]


async def test_further_tries_do_not_make_the_wait_longer(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    await statuses(app, 5, "susan", "198.51.100.7")
    await age_failures(db, minutes=10)
    assert set(await statuses(app, 5, "susan", "198.51.100.7")) == {429}
    await age_failures(db, minutes=5)
    assert await statuses(app, 1, "susan", "198.51.100.7", PASSWORD) == [302]


async def test_old_rows_are_deleted_in_passing(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    for number in range(20):
        await attempt(app, f"person{number}", f"198.51.100.{number}")
    await age_failures(db, minutes=15)
    await attempt(app, "susan", "203.0.113.7")
    assert await db.scalar(select(func.count()).select_from(LoginFailure)) == 1


@pytest.mark.parametrize("login", ["susan", "nobody"])
async def test_of_a_hundred_tries_at_once_five_are_looked_at(
    app: Broadside, make_settings: Callable[..., Settings], susan: User, login: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    verified = []
    verify = Passwords.verify

    async def counting(self: Passwords, stored: str | None, password: str) -> bool:
        verified.append(password)
        return await verify(self, stored, password)

    monkeypatch.setattr(Passwords, "verify", counting)
    worker = create_app(make_settings())
    worker.passwords = Passwords(time_cost=1, memory_kib=8)
    async with worker.test_app():
        answers = await asyncio.gather(
            *(
                attempt((app, worker)[number % 2], login, f"198.51.100.{number}")
                for number in range(100)
            )
        )
    codes = [answer.status_code for answer in answers]
    assert (codes.count(422), codes.count(429), len(verified)) == (5, 95, 5)


async def test_of_a_hundred_tries_at_once_for_as_many_accounts_twenty_are_looked_at(
    app: Broadside,
) -> None:
    answers = await asyncio.gather(
        *(attempt(app, f"person{number}", "198.51.100.7") for number in range(100))
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
    codes = [(await susans_browser.submit(page, form)).status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]


async def test_the_account_is_not_stored_as_it_was_typed(app: Broadside, db: AsyncSession) -> None:
    await attempt(app, "my secret password", "198.51.100.7")
    row = (await db.execute(select(LoginFailure.__table__))).one()
    assert b"secret" not in row.account_digest
    assert len(row.account_digest) == 32
