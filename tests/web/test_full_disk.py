"""Writes to a database with a full disk are refused with an explanation."""

from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import text

from blog import create_app
from blog.core.web.app import Broadside
from blog.models import User
from settings import Settings
from tests.support import PASSWORD, Browser, outbox

# What PostgreSQL raises when it cannot extend the file of a table.
FAIL = """
    CREATE FUNCTION fail_for_want_of_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE disk_full USING MESSAGE = 'could not extend file: No space left on device';
    END $$
"""
TABLES = ("posts", "comments", "follows")


@pytest.fixture
async def full_app(
    app: Broadside, make_settings: Callable[..., Settings]
) -> AsyncIterator[Broadside]:
    """An application whose database takes no posts, comments and follows."""
    async with app.database.engine.begin() as connection:
        await connection.execute(text(FAIL))
        for table in TABLES:
            await connection.execute(
                text(
                    f"CREATE TRIGGER fail BEFORE INSERT ON {table} "
                    "EXECUTE FUNCTION fail_for_want_of_room()"
                )
            )
    async with (full := create_app(make_settings(admin_email="root@example.com"))).test_app():
        yield full
    async with app.database.engine.begin() as connection:
        await connection.execute(text("DROP FUNCTION fail_for_want_of_room CASCADE"))


async def test_a_write_is_refused_in_words_and_the_administrator_is_told_once(
    full_app: Broadside, susan: User, caplog: pytest.LogCaptureFixture
) -> None:
    async with Browser(full_app) as browser:
        await browser.log_in("susan")
        page = await browser.submit("/", {"body": "Far too good to lose"})
        assert page.status_code == 507
        assert "The server&#39;s disk is full" in page.text
        assert page.headers["retry-after"] == "300"
        answers = [
            await browser.post(
                "/api/v1/posts/", json={"body": f"Post {number}"}, auth=("susan", PASSWORD)
            )
            for number in range(3)
        ]
        assert {answer.status_code for answer in answers} == {507}
        assert answers[0].json()["title"] == "Insufficient Storage"
        assert (await browser.get("/")).status_code == 200
    assert [mail.recipient for mail in await outbox(full_app)] == ["root@example.com"]
    assert "the disk of the database is full: POST / failed" in caplog.text
    assert "Traceback" not in caplog.text
