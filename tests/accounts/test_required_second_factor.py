"""A site can require a second factor of those who moderate and administer it."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.site_settings.values import SecondFactor
from blog.core.web.app import Broadside
from tests.accounts.second_factors import add_phone
from tests.api.support import Client, add_token
from tests.support import Browser, NewUser, add_users, change_site

PAGES = {"root": "/admin/users", "mona": "/moderate/reports"}


@pytest.mark.parametrize(
    ("rule", "led"),
    [
        (SecondFactor.NOBODY, set()),
        (SecondFactor.ADMINISTRATORS, {"root"}),
        (SecondFactor.MODERATORS, {"root", "mona"}),
    ],
)
async def test_those_who_need_one_and_have_none_are_led_to_set_it_up(
    app: Broadside, rule: SecondFactor, led: set[str]
) -> None:
    people = await add_users(app, NewUser("root", "Administrator"), NewUser("mona", "Moderator"))
    await change_site(app, require_second_factor=rule)
    for name, address in PAGES.items():
        async with Browser(app) as browser:
            # Also the last administrator logs in.
            await browser.log_in(name)
            answer = await browser.get(address)
            assert (answer.status_code == 302) is (name in led)
            if name in led:
                assert answer.headers["location"] == "/auth/two-factor"
                page = await browser.get("/auth/two-factor")
                assert "set up two-factor authentication first" in page.text
                assert "Set up two-factor" in (await browser.get("/")).text
            await add_phone(app, people[name])
            assert (await browser.get(address)).status_code == 200


async def test_nothing_that_needs_the_role_works_without_one(app: Broadside) -> None:
    people = await add_users(app, NewUser("root", "Administrator"), NewUser("bob"))
    await change_site(app, require_second_factor=SecondFactor.ADMINISTRATORS)
    async with Browser(app) as browser:
        await browser.open_session("root")
        role = {"role": "Moderator", "reason": "x"}
        answer = await browser.submit(
            f"/admin/users/{people['bob'].id}/role", role, page="/auth/reset"
        )
        assert answer.status_code == 403
        assert "two-factor authentication first" in answer.text
        # What anyone may do they may.
        assert (await browser.submit("/", {"body": "A post"})).status_code == 302
    async with Client(app, token=await add_token(app, people["root"])) as program:
        answer = await program.post("/comments/4711/disable")
        assert answer.status_code == 403
        assert (await program.get("/me")).status_code == 200


async def test_an_administrator_who_requires_it_sets_it_up_before_the_next_change(
    app: Broadside, db: AsyncSession
) -> None:
    people = await add_users(app, NewUser("root", "Administrator"))
    async with Browser(app) as browser:
        await browser.open_session("root")
        required = {"require_second_factor": "administrators"}
        assert (await browser.submit("/admin/settings", required)).status_code == 302
        assert (await browser.get("/admin/settings")).headers["location"] == "/auth/two-factor"
        await add_phone(app, people["root"])
        assert (await browser.get("/admin/settings")).status_code == 200
