"""The request's session."""

from collections.abc import Callable

from quart import url_for
from sqlalchemy import text

from blog import create_app
from blog.core.web.app import Broadside, db
from settings import Settings
from tests.support import Browser


async def test_a_page_is_sent_though_its_connection_broke_after_it_was_made(
    app: Broadside, make_settings: Callable[..., Settings]
) -> None:
    other = create_app(make_settings())

    @other.get("/auth/broken")
    async def broken() -> str:
        number = await db().scalar(text("SELECT pg_backend_pid()"))
        async with app.database.session() as session:
            ended = text("SELECT pg_terminate_backend(:number, 5000)")
            assert await session.scalar(ended, {"number": number})
        return "All of the page"

    async with other.test_app(), Browser(other) as browser:
        answer = await browser.get("/auth/broken")
    assert (answer.status_code, answer.text) == (200, "All of the page")


async def test_urls_are_kept_but_not_the_long_ones_that_visitors_send(app: Broadside) -> None:
    async with app.test_request_context("/"):
        for value, is_kept in (("short", True), ("x" * 1_000, False)):
            first, second = (url_for("login.login", next=value) for _ in range(2))
            assert first == second == f"/auth/login?next={value}"
            assert (first is second) is is_kept
