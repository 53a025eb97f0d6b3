"""Add messages to the outbox, in the transaction of the change that they are about."""

import unicodedata
from typing import Any

from quart import current_app
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.errors import TooManyRequestsError
from blog.core.web.rate_limits import Bucket, Quota, take_one
from blog.models import Email

CHANNEL = "emails"

# Anybody can make the site mail an address, by requesting a password reset again and again. Each
# kind of message has its own limit, so that one kind cannot block another. The requests have limits
# as well (`blog.core.auth.quotas`).
LIMIT = Quota("mails to an address", 3, 3600)
OWN_LIMITS = {
    "application_error": Quota("mails about an error", 1, 60),
    "new_user": Quota("mails about new people", 60, 3600),
    "token_made": Quota("mails about tokens", 50, 3600),
    "post_hidden": Quota("mails about hidden posts", 60, 3600),
    "comment_disabled": Quota("mails about disabled comments", 60, 3600),
    "password_guessing": Quota("mails about guessing", 1, 86_400),
}


async def put(
    session: AsyncSession, *, to: str, message: str, about: str = "", **context: object
) -> Email | None:
    """Add a message in the caller's transaction; it is sent after the commit, or never.

    Args:
        session: the transaction.
        to: the recipient's address.
        message: the name of its templates: `templates/mail/<message>.txt`, which sets `subject`,
            and `templates/mail/<message>.html`.
        about: distinguishes messages with limits of their own, such as those about two different
            errors.
        context: the variables of the templates.

    Returns:
        The queued row; `None` if the rate limit of the address is reached.

    Raises:
        ValueError: the subject or the address has a line break, which would end its header.
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
    """Return `header` if it is a single line to every parser.

    Raises:
        ValueError: it has a control character or a line break of any kind.
    """
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in header):
        raise ValueError("the subject and the recipient of a mail are one line each")
    return header
