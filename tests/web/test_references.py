"""Broken foreign keys become 404, 409 or 500, depending on the key."""

import logging

import pytest
from quart import Quart
from sqlalchemy import text

from blog import create_app
from blog.core.web.app import Broadside, db
from blog.core.web.errors import FOREIGN_KEYS_TO_REQUESTER, FOREIGN_KEYS_TO_TARGET
from blog.models import Base
from tests.support import Browser

INSERTS = {
    404: "INSERT INTO follows (follower_id, followed_id) VALUES ({susan}, 4711)",
    409: "INSERT INTO follows (follower_id, followed_id) VALUES (4711, {susan})",
    500: "UPDATE users SET role_id = 4711 WHERE id = {susan}",
}


def test_the_foreign_keys_that_are_told_apart_exist() -> None:
    names = {key.name for table in Base.metadata.sorted_tables
             for key in table.foreign_key_constraints}  # fmt: skip
    assert names >= FOREIGN_KEYS_TO_TARGET | FOREIGN_KEYS_TO_REQUESTER
    assert not FOREIGN_KEYS_TO_TARGET & FOREIGN_KEYS_TO_REQUESTER


@pytest.mark.parametrize("status", INSERTS)
async def test_a_broken_reference_is_answered_by_what_it_refers_to(
    app: Broadside, make_settings: object, susan: object,
    caplog: pytest.LogCaptureFixture, status: int,
) -> None:  # fmt: skip
    failing = create_app(make_settings())  # type: ignore[operator]

    @failing.get("/fail")
    async def fail() -> str:
        await db().execute(text(INSERTS[status].format(susan=susan.id)))  # type: ignore[attr-defined]
        return ""

    assert isinstance(failing, Quart)
    async with failing.test_app(), Browser(failing) as browser:
        with caplog.at_level(logging.ERROR):
            assert (await browser.get("/fail")).status_code == status
    assert ("unexpected error" in caplog.text) == (status == 500)
