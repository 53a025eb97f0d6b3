"""The permission decorators of views."""

from collections.abc import AsyncIterator, Callable

import pytest
from quart.typing import ResponseReturnValue

from blog import create_app
from blog.core.auth.permissions import admin_required, confirmed_required, permission_required
from blog.core.web.app import Broadside
from blog.models import Permission
from settings import Settings
from tests.support import Browser, add_user

PEOPLE = {
    "unconfirmed": {"confirmed": False},
    "susan": {},
    "moderator": {"role": "Moderator"},
    "root": {"role": "Administrator"},
}


@pytest.fixture
async def guarded(
    app: Broadside, make_settings: Callable[..., Settings]
) -> AsyncIterator[Broadside]:
    """An application with a view per decorator, and users of each kind."""
    guarded = create_app(make_settings())
    guarded.passwords = app.passwords

    @guarded.get("/auth/test/confirmed")
    @confirmed_required
    async def for_confirmed() -> ResponseReturnValue:
        return "come in"

    @guarded.get("/auth/test/write-and-moderate/<int:number>")
    @permission_required(Permission.WRITE | Permission.MODERATE)
    async def for_moderators(number: int) -> ResponseReturnValue:
        return f"come in {number}"

    @guarded.get("/auth/test/admin")
    @admin_required
    async def for_administrators() -> ResponseReturnValue:
        return "come in"

    for name, values in PEOPLE.items():
        await add_user(app, name, **values)
    async with guarded.test_app():
        yield guarded


@pytest.mark.parametrize(
    ("address", "let_in"),
    [
        ("/auth/test/confirmed", {"susan", "moderator", "root"}),
        ("/auth/test/write-and-moderate/7", {"moderator", "root"}),
        ("/auth/test/admin", {"root"}),
    ],
)
async def test_a_view_lets_in_whom_it_says(
    guarded: Broadside, address: str, let_in: set[str]
) -> None:
    for name in PEOPLE:
        async with Browser(guarded) as visitor:
            await visitor.log_in(name)
            answer = await visitor.get(address)
        otherwise = 302 if name == "unconfirmed" else 403
        assert answer.status_code == (200 if name in let_in else otherwise), name
        assert name not in let_in or answer.text.startswith("come in")


async def test_a_stranger_is_led_to_the_login_and_back(guarded: Broadside) -> None:
    async with Browser(guarded) as stranger:
        for page in ("confirmed", "write-and-moderate/7", "admin"):
            answer = await stranger.get(f"/auth/test/{page}?x=1")
            assert answer.status_code == 302
            assert answer.headers["location"] == f"/auth/login?next=/auth/test/{page}?x%3D1"


async def test_the_unconfirmed_are_told_what_to_do(guarded: Broadside) -> None:
    async with Browser(guarded) as visitor:
        await visitor.log_in("unconfirmed")
        answer = await visitor.get("/auth/test/confirmed")
    assert answer.headers["location"] == "/auth/unconfirmed"


async def test_a_client_that_prefers_json_gets_a_problem_document(guarded: Broadside) -> None:
    async with Browser(guarded) as visitor:
        await visitor.log_in("susan")
        answer = await visitor.get("/auth/test/admin", headers={"Accept": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 403
