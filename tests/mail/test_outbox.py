"""Writing messages into the outbox."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from blog import create_app
from blog.core.clock import now
from blog.core.site_settings.colours import DEFAULT
from blog.core.web.app import Broadside
from blog.mail import outbox
from blog.mail.message import compose
from blog.models import Email, RateLimit
from settings import Settings
from tests.mail.conftest import LINK, Put
from tests.mail.test_link_scanners import TEMPLATES
from tests.support import outbox as stored_mails

WITH_LINK = ["confirm", "reset_password", "change_email", "delete_account", "password_guessing"]
NOTICES = ["email_changed", "password_changed"]
FOR_ADMINISTRATORS = ["new_user"]
OF_MODERATORS = ["post_hidden", "comment_disabled"]


async def test_a_message_is_rolled_back_with_what_it_tells_about(app: Broadside) -> None:
    user = SimpleNamespace(username="anna")
    async with app.app_context(), app.database.session() as session:
        await outbox.put(session, to="a@example.com", message="confirm", user=user, link=LINK)
        await session.flush()
        await session.rollback()
    assert await stored_mails(app) == []


@pytest.mark.parametrize("message", WITH_LINK + NOTICES + FOR_ADMINISTRATORS + OF_MODERATORS)
async def test_each_message_says_what_happened_in_text_and_in_html(
    message: str, put: Put, app: Broadside
) -> None:
    await put("anna@example.com", message)
    (email,) = await stored_mails(app)
    assert email.subject.startswith("[Broadside] ")
    assert "anna" in email.text
    assert "anna" in email.html
    assert "<html" in email.html
    assert "https://blog.test" in email.text
    for body in (email.text, email.html):
        has_link = message in WITH_LINK + OF_MODERATORS
        assert (LINK in body) == has_link
        is_of_others = message in FOR_ADMINISTRATORS + OF_MODERATORS
        assert ("Wasn't you?" in body.replace("’", "'")) == (not is_of_others)


def test_links_have_the_colour_of_the_site() -> None:
    for file in TEMPLATES.glob("*.html"):
        assert DEFAULT.light not in file.read_text(), file.name


async def test_html_is_escaped_and_text_is_not(
    make_settings: Callable[..., Settings], app: Broadside
) -> None:
    other = create_app(make_settings(site_name="Salt & <b>Pepper</b>"))
    user = SimpleNamespace(username="<i>anna</i>")
    async with other.app_context(), app.database.session() as session:
        email = await outbox.put(
            session, to="a@example.com", message="confirm", user=user, link=LINK
        )
    assert email is not None
    assert "Welcome to Salt & <b>Pepper</b>!" in email.text
    assert "Hi <i>anna</i>," in email.text
    assert "Welcome to <bdi>Salt &amp; &lt;b&gt;Pepper&lt;/b&gt;</bdi>!" in email.html
    assert "Hi <bdi>&lt;i&gt;anna&lt;/i&gt;</bdi>," in email.html


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n", "\0", "\v", "\x85", "\u2028", "\u2029"])
async def test_a_line_break_in_a_subject_or_an_address_is_refused(
    newline: str, app: Broadside
) -> None:
    forged = f"anna{newline}Bcc: everybody@example.com"
    async with app.app_context(), app.database.session() as session:
        with pytest.raises(ValueError, match="one line"):
            await outbox.put(session, to=forged, message="confirm", user=None, link=LINK)
        user = SimpleNamespace(username=forged, email="anna@example.com")
        with pytest.raises(ValueError, match="one line"):
            await outbox.put(session, to="root@example.com", message="new_user", user=user)


async def test_an_address_gets_three_mails_of_a_purpose_at_once_and_three_an_hour(
    put: Put, app: Broadside
) -> None:
    sent = [await put("anna@example.com", "reset_password") for _ in range(100)]
    assert sum(email is not None for email in sent) == 3
    assert await put("susan@example.com", "reset_password")
    assert await put("anna@example.com", "confirm")

    async with app.database.engine.begin() as connection:
        past = RateLimit.full_at - timedelta(minutes=20)
        await connection.execute(update(RateLimit).values(full_at=past))
    assert await put("anna@example.com", "reset_password")
    assert not await put("anna@example.com", "reset_password")


async def test_requests_at_the_same_moment_share_the_limit(put: Put, app: Broadside) -> None:
    await asyncio.gather(*(put("anna@example.com", "reset_password") for _ in range(30)))
    assert len(await stored_mails(app)) == 3


async def test_administrators_hear_of_each_new_user(put: Put) -> None:
    assert all([await put("root@example.com", "new_user") for _ in range(5)])


async def test_an_error_does_not_tell_what_the_mail_says(app: Broadside) -> None:
    user = SimpleNamespace(username="anna")
    async with app.app_context(), app.database.session() as session:
        with pytest.raises(DBAPIError) as caught:
            too_long = "a" * 255 + "@example.com"
            await outbox.put(session, to=too_long, message="confirm", user=user, link=LINK)
            await session.flush()
    assert "too long" in str(caught.value)
    assert LINK not in str(caught.value)


async def test_a_header_can_hold_what_is_not_ascii(app: Broadside) -> None:
    email = Email(
        recipient="anna@bücher.example", subject="Grüße", text="Hällo", html="<p>Hällo</p>",
        created_at=now(), message_id="x",
    )  # fmt: skip
    message = compose(email, "Bröd <post@brød.example>")
    assert message["To"] == "anna@xn--bcher-kva.example"
    assert message["Message-ID"] == "<x@xn--brd-1na.example>"
    header = message.as_bytes().partition(b"\r\n\r\n")[0].decode("ascii")
    assert "<post@xn--brd-1na.example>" in header
    assert message["From"] == "Bröd <post@xn--brd-1na.example>"


def test_a_message_with_a_broken_header_is_not_made() -> None:
    email = Email(
        recipient="anna@example.com", subject="Hello\r\nBcc: everybody@example.com", text="",
        html="", created_at=now(), message_id="x",
    )  # fmt: skip
    with pytest.raises(ValueError, match="linefeed"):
        compose(email, "post@blog.test")
