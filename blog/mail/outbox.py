"""Writing a message into the outbox, in the transaction of the change that it tells about."""

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from quart import current_app
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.mail import queries
from blog.models import Email

CHANNEL = "emails"


@dataclass(frozen=True)
class Limit:
    """At most so many messages of one purpose to one address in a span of time."""

    number: int
    span: timedelta


# Anybody can make the site write to an address by asking for a new password again and again.
LIMIT = Limit(3, timedelta(hours=1))
OWN_LIMITS = {"application_error": Limit(1, timedelta(minutes=1)), "new_user": None}


async def put(
    session: AsyncSession, *, to: str, message: str, about: str = "", **context: object
) -> Email | None:
    """Add a message to `session`; it is sent after the caller's commit, or never.

    Args:
        session: the transaction that the message belongs to.
        to: the recipient's address.
        message: which one: `templates/mail/<message>.txt`, which sets `subject`, and
            `templates/mail/<message>.html`.
        about: tells messages apart that are limited by themselves, such as two errors.
        context: what the templates show.

    Returns:
        The message's row, queued; `None` if the address has had its share of this message.

    Raises:
        ValueError: the subject or the address would break out of its header.
    """
    recipient = one_line(to)
    purpose = f"{message}:{about}" if about else message
    limit = OWN_LIMITS.get(message, LIMIT)
    if limit and await _has_had_enough(session, recipient, purpose, limit):
        return None
    templates = current_app.jinja_env
    text: Any = templates.get_template(f"mail/{message}.txt").make_module(context)
    html = templates.get_template(f"mail/{message}.html")
    subject = one_line(current_app.config["MAIL_SUBJECT_PREFIX"] + text.subject)
    email = Email(
        purpose=purpose,
        recipient=recipient,
        subject=subject,
        text=str(text),
        html=html.render(context, subject=subject),
    )
    session.add(email)
    await session.execute(select(func.pg_notify(CHANNEL, "")))
    return email


async def _has_had_enough(
    session: AsyncSession, recipient: str, purpose: str, limit: Limit
) -> bool:
    """Count what the recipient was sent of late, with no other transaction doing so meanwhile."""
    key = func.hashtextextended(f"{purpose} {recipient}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))
    return await queries.number_since(session, recipient, purpose, limit.span) >= limit.number


def one_line(header: str) -> str:
    """`header`, if it is one line and stays one whoever reads it.

    Raises:
        ValueError: it has a control character or a line break of any kind.
    """
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in header):
        raise ValueError("the subject and the recipient of a mail are one line each")
    return header
