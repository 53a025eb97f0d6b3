"""Notifications by mail in the API."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from blog.core.web.app import Broadside
from blog.models import User
from tests.api.support import Client, add_token
from tests.notifications.mail.support import DEFAULTS

SETTINGS = "/me/mail-settings"


@pytest.fixture
async def client(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """A client with Susan's token."""
    async with Client(app, token=await add_token(app, susan)) as client:
        yield client


async def test_what_is_given_changes_and_all_else_stays(client: Client) -> None:
    values: dict[str, Any] = dict(DEFAULTS)
    values |= {"report": "digest", "digest": "weekly", "weekday": 0, "hour": 8, "is_refused": False}
    assert (await client.get(SETTINGS)).json() == values
    for change in (
        {"like": "at_once", "time_zone": "Asia/Tokyo"}, {"digest": "daily", "hour": 23},
        {"digest": "never"}, {"like": "digest"}, {},
    ):  # fmt: skip
        answer = await client.patch(SETTINGS, json=change)
        values |= change
        assert (answer.status_code, answer.json()) == (200, values)
    assert (await client.get(SETTINGS)).json() == values


@pytest.mark.parametrize(
    ("field", "value"),
    [("like", "often"), ("digest", "hourly"), ("hour", 24), ("hour", "8"), ("weekday", -1),
     ("time_zone", "Mars")],
)  # fmt: skip
async def test_what_cannot_be_chosen_is_refused(client: Client, field: str, value: object) -> None:
    answer = await client.patch(SETTINGS, json={field: value})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
