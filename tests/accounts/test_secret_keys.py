"""Replacing the site's secret key while people use it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.web.app import Broadside
from blog.models import User
from settings import Settings
from tests.accounts.test_reset import FORM, can_log_in, link_by_mail
from tests.accounts.test_sessions import is_logged_in, log_in
from tests.support import Browser

MakeSettings = Callable[..., Settings]


@asynccontextmanager
async def restarted(make_settings: MakeSettings, **changes: object) -> AsyncIterator[Broadside]:
    """The site with another key."""
    app = create_app(make_settings(secret_key="the next key", **changes))
    async with app.test_app():
        yield app


@pytest.mark.parametrize("keeps_former_key", [True, False])
async def test_cookies_forms_and_links_survive_a_new_key_while_the_former_one_is_a_fallback(
    keeps_former_key: bool, app: Broadside, susan: User, db: AsyncSession,
    make_settings: MakeSettings,
) -> None:  # fmt: skip
    link = await link_by_mail(app)
    former = ["an even older one", app.secret_key] if keeps_former_key else []
    async with Browser(app) as before:
        await log_in(before)
        form = {"body": "Begun before", "csrf_token": await before.token("/")}
        async with (
            restarted(make_settings, secret_key_fallbacks=former) as site,
            Browser(site) as after,
        ):
            after.cookies = before.cookies
            assert await is_logged_in(after) is keeps_former_key
            sent = await after.post("/", data=form)
            assert ("Begun before" in (await after.get("/")).text) is keeps_former_key, sent.text
            async with Browser(site) as stranger:
                answer = await stranger.get(link)
                assert ("password2" in answer.text) is keeps_former_key
                if keeps_former_key:
                    await stranger.submit(link, FORM)
                    assert await can_log_in(site, FORM["password"])


async def test_what_the_new_key_has_signed_needs_no_former_one(
    app: Broadside, susan: User, make_settings: MakeSettings
) -> None:
    with_former_key = restarted(make_settings, secret_key_fallbacks=[app.secret_key])
    async with with_former_key as site, Browser(site) as browser:
        await log_in(browser)
        cookies = browser.cookies
    async with restarted(make_settings) as later, Browser(later) as same:
        same.cookies = cookies
        assert await is_logged_in(same)
