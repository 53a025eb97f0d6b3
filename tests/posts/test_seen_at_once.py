"""Changes are visible immediately to everybody, in every process."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import delete

from blog import create_app
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Post, User
from settings import Settings
from tests.admin.test_account import form_of
from tests.support import Browser, add_user

YESTERDAY = now() - timedelta(days=1)


@pytest.fixture
async def strangers(
    browser: Browser, make_settings: Callable[..., Settings]
) -> AsyncIterator[list[Browser]]:
    """Visitors of two applications that have nothing but the database in common."""
    other = create_app(make_settings())
    async with other.test_app(), Browser(other) as far_away:
        yield [browser, far_away]


@pytest.fixture
async def roots_browser(app: Broadside) -> AsyncIterator[Browser]:
    """An administrator's browser, logged in."""
    await add_user(app, "root", role="Administrator")
    async with Browser(app) as visitor:
        await visitor.log_in("root")
        yield visitor


async def test_each_change_of_a_post_is_on_all_lists_at_once(
    susans_browser: Browser, susan: User, roots_browser: Browser, strangers: list[Browser]
) -> None:
    everybody = [susans_browser, roots_browser, *strangers]
    tags: dict[tuple[Browser, str], str] = {}

    async def all_see(wanted: str, *lists: str) -> None:
        """Each time with the validator of what was seen before."""
        for visitor in everybody:
            for address in lists:
                known = {"If-None-Match": tags.get((visitor, address), '"none"')}
                page = await visitor.get(address, headers=known)
                assert page.status_code == 200, (address, wanted)
                assert wanted in page.text, address
                tags[visitor, address] = page.headers["etag"]

    async def done(visitor: Browser, address: str, **form: str) -> None:
        answer: httpx.Response = await visitor.submit(address, form)
        assert answer.status_code == 302, answer.text

    lists = ("/", "/user/susan")
    await all_see("No posts yet", *lists)
    await done(susans_browser, "/", body="The first text")
    await all_see("The first text", *lists)
    await done(susans_browser, "/edit/1", body="The second text", version="1")
    await all_see("The second text", *lists)
    await done(roots_browser, "/post/1", body="A comment")
    await all_see("1 comment", *lists)
    await done(roots_browser, f"/edit-profile/{susan.id}", **form_of(susan, username="Sue"))
    lists = ("/", "/user/Sue")
    await all_see("Post by Sue", *lists)
    await done(roots_browser, "/moderate/hide/1", reason="Spam")
    await all_see("No posts yet", *lists)
    await done(roots_browser, "/moderate/show/1", reason="It was none")
    await all_see("The second text", *lists)
    await done(susans_browser, "/delete/1")
    await all_see("No posts yet", *lists)


async def test_a_post_with_the_number_of_an_earlier_one_is_shown_as_itself(
    browser: Browser, app: Broadside, susan: User
) -> None:
    """As after a backup of yesterday was restored below a running process."""
    for text in ("Written today", "Written again"):
        async with app.database.session() as session:
            await session.execute(delete(Post))
            session.add(
                Post(
                    id=1, author_id=susan.id, body=text, body_html=text,
                    renderer_version=1, created_at=YESTERDAY, published_at=YESTERDAY,
                )
            )  # fmt: skip
            await session.commit()
        assert text in (await browser.get("/")).text
