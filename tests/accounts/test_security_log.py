"""Security events are logged with the account, without input."""

import json
import logging

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.security_log import log
from blog.core.web.app import Broadside
from blog.core.web.logs import JSONFormatter
from blog.models import ApiToken, LoginSession, User
from tests.support import PASSWORD, Browser, link_in, outbox

NEW_PASSWORD = "a brand new staple"
SECRETS = {PASSWORD, NEW_PASSWORD, "guess of mine", "no-token-at-all", "susan@example.com"}


@pytest.fixture
def events(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger=log.name)
    return caplog


def logged(events: pytest.LogCaptureFixture) -> list[tuple[str, int | None]]:
    """The events since the last call, as in the JSON log."""
    lines = [JSONFormatter().format(each) for each in events.records if each.name == log.name]
    events.clear()
    assert not [secret for secret in SECRETS for line in lines if secret in line]
    found = [json.loads(line) for line in lines]
    assert {event["client"] for event in found} <= {"127.0.0.1"}
    return [(event["event"], event["account"]) for event in found]


async def test_everything_that_is_done_with_credentials_is_an_event(
    app: Broadside, browser: Browser, db: AsyncSession, events: pytest.LogCaptureFixture
) -> None:
    account = {"email": "susan@example.com", "username": "susan"}
    await browser.submit("/auth/register", account | {"password": PASSWORD, "password2": PASSWORD})
    susan = await db.scalar(select(User.id))
    confirmation = link_in((await outbox(app))[-1])
    await browser.submit(confirmation)
    assert logged(events) == [("registered", susan), ("logged_in", susan), ("confirmed", susan)]

    async with Browser(app) as guesser:
        for login in ("susan", "guess of mine"):
            form = {"email": login, "password": "guess of mine"}
            assert (await guesser.submit("/auth/login", form)).status_code == 422
        await guesser.get("/api/v1/me", auth=("no-token-at-all", ""))
        await guesser.get("/api/v1/me", auth=("susan", PASSWORD))
    assert logged(events) == [
        ("wrong_password", susan),
        ("wrong_password", None),
        ("unknown_token", None),
        ("right_password", susan),
    ]

    token = {"name": "x", "read": "y", "life": "1 hour", "password": PASSWORD}
    await browser.submit("/auth/tokens", token)
    (token_id,) = await db.scalars(select(ApiToken.id))
    await browser.submit(f"/auth/tokens/{token_id}/revoke", page="/auth/tokens")
    async with Browser(app) as other:
        await other.log_in("susan")
        session_id = await db.scalar(select(LoginSession.id).order_by(LoginSession.id.desc()))
    await browser.submit(f"/auth/sessions/{session_id}/end", page="/auth/sessions")
    await browser.submit("/auth/sessions/end-others", page="/auth/sessions")
    assert [event for event, _ in logged(events)] == [
        "token_issued", "token_revoked", "logged_in", "session_ended", "other_sessions_ended"
    ]  # fmt: skip

    passwords = {"password": NEW_PASSWORD, "password2": NEW_PASSWORD}
    await browser.submit("/auth/change-password", passwords | {"old_password": PASSWORD})
    await browser.submit(
        "/auth/change_email", {"email": "new@example.com", "password": NEW_PASSWORD}
    )
    await browser.submit(link_in((await outbox(app))[-1]))
    await browser.submit("/auth/logout", page="/auth/sessions")
    await browser.submit("/auth/reset", {"email": "new@example.com"})
    reset = link_in((await outbox(app))[-1])
    await browser.submit(reset, {"password": PASSWORD, "password2": PASSWORD})
    assert [event for event, _ in logged(events)] == [
        "password_changed", "address_change_asked", "address_changed", "logged_out",
        "reset_link_sent", "password_reset",
    ]  # fmt: skip

    await browser.log_in("susan")
    await browser.submit("/auth/delete-account", {"password": PASSWORD})
    await browser.submit(link_in((await outbox(app))[-1]))
    assert logged(events)[-1] == ("deleted", susan)


async def test_a_refusal_for_too_many_attempts_is_an_event(
    browser: Browser, susan: User, events: pytest.LogCaptureFixture
) -> None:
    for _ in range(6):
        answer = await browser.submit(
            "/auth/login", {"email": "susan", "password": "guess of mine"}
        )
    assert answer.status_code == 429
    assert [event for event, _ in logged(events)] == ["wrong_password"] * 5 + ["too_many_attempts"]
