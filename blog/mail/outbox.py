"""Writing a message into the outbox, in the transaction of the change that it tells about."""

import unicodedata
from typing import Any

from quart import current_app
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.errors import TooManyRequestsError
from blog.core.web.rate_limits import Bucket, Quota, take_one
from blog.models import Email

CHANNEL = "emails"

# Anybody can make the site write to an address by asking for a new password again and again. Each
# message counts by itself: nobody can use up what an address gets of one by causing another. Who
# causes mails is limited besides (`blog.core.auth.quotas`).
LIMIT = Quota("mails to an address", 3, 3600)
OWN_LIMITS = {
    "application_error": Quota("mails about an error", 1, 60),
    "new_user": Quota("mails about new people", 60, 3600),
    "token_made": Quota("mails about tokens", 50, 3600),
    "password_guessing": Quota("mails about guessing", 1, 86_400),
}


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
    try:
        limit = OWN_LIMITS.get(message, LIMIT)
        await take_one(session, Bucket(limit, f"{purpose} {recipient}"))
    except TooManyRequestsError:
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


def one_line(header: str) -> str:
    """`header`, if it is one line and stays one whoever reads it.

    Raises:
        ValueError: it has a control character or a line break of any kind.
    """
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in header):
        raise ValueError("the subject and the recipient of a mail are one line each")
    return header
