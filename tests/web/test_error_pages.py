"""Error pages are rendered after any failure, for every viewer."""

from collections.abc import AsyncIterator, Callable

import pytest
from asyncpg.exceptions import InternalClientError
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from blog import create_app
from blog.core.auth.identity import required_account
from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.web.app import Broadside, db
from blog.core.web.errors import EXPLANATIONS
from blog.models import User
from settings import Settings
from tests.support import Browser


@pytest.fixture
async def failing_app(
    app: Broadside, make_settings: Callable[..., Settings]
) -> AsyncIterator[Broadside]:
    """An application on the same site, with an address for each error."""
    failing = create_app(make_settings())
    failing.passwords = app.passwords

    @failing.get("/fail/<int:status>")
    async def fail(status: int) -> None:
        required_account()
        await db().rollback()  # After it nothing of the account is loaded any more.
        if status == 500:
            raise RuntimeError
        if status == 503:
            raise DatabaseUnavailableError
        if status == 599:
            raise InternalClientError("cannot switch to state 11; another operation is in progress")
        error = HTTPException()  # There is no class of its own for 507.
        error.code = status
        raise error

    async with failing.test_app():
        yield failing


@pytest.mark.parametrize("status", EXPLANATIONS)
async def test_an_error_page_keeps_the_menu_of_who_is_logged_in(
    failing_app: Broadside, susan: User, status: int
) -> None:
    async with Browser(failing_app) as browser:
        await browser.log_in(susan.username)
        answer = await browser.get(f"/fail/{status}")
    assert answer.status_code == status
    assert escape(EXPLANATIONS[status].title) in answer.text
    assert f'href="/user/{susan.username}"' in answer.text
    assert "Log out" in answer.text


async def test_a_connection_that_was_closed_while_it_was_used_is_told_as_an_outage(
    failing_app: Broadside, susan: User
) -> None:
    async with Browser(failing_app) as browser:
        await browser.log_in(susan.username)
        answer = await browser.get("/fail/599")
    assert answer.status_code == 503
    assert escape(EXPLANATIONS[503].title) in answer.text
    assert "Retry-After" in answer.headers


async def test_a_page_that_knows_nobody_does_not_ask_to_log_in(
    susans_browser: Browser,
) -> None:
    answer = await susans_browser.get("/user/%FF")
    assert answer.status_code == 400
    assert "Log in" not in answer.text
    assert 'href="/"' in answer.text
