"""Adding messages to the outbox, in the transaction of the change that they are about."""

import unicodedata
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.errors import TooManyRequestsError
from blog.core.i18n import using_language
from blog.core.telemetry import spans
from blog.core.web.app import current_app
from blog.core.web.languages import language_for
from blog.core.web.rate_limits import Bucket, Quota, take_one
from blog.mail.lists import MailingList
from blog.mail.message import Thread
from blog.models import Email, User

CHANNEL = "emails"

# Anyone can make the site mail an address, by requesting password resets repeatedly. Each kind of
# message has its own limit, so that one kind can't block another. The requests are limited as well
# (`blog.core.auth.quotas`).
LIMIT = Quota("mails to an address", 3, 3600)
OWN_LIMITS = {
    "application_error": Quota("mails about an error", 1, 60),
    "archive_stopped": Quota("mails about the archive", 1, 86_400),
    "backups_at_risk": Quota("mails about backups", 1, 86_400),
    "new_user": Quota("mails about new people", 60, 3600),
    "token_made": Quota("mails about tokens", 50, 3600),
    "post_hidden": Quota("mails about hidden posts", 60, 3600),
    "comment_disabled": Quota("mails about disabled comments", 60, 3600),
    "new_device": Quota("mails about new devices", 10, 3600),
    "held_refused": Quota("mails about refused texts", 60, 3600),
    "measure": Quota("mails about measures", 60, 3600),
    "report_closed": Quota("mails about reports", 60, 3600),
    "appeals_waiting": Quota("mails about waiting appeals", 1, 72_000),
    "appeal_decided": Quota("mails about appeals", 60, 3600),
    "password_guessing": Quota("mails about guessing", 1, 86_400),
    "code_guessing": Quota("mails about guessed codes", 1, 86_400),
    # From one author to one address.
    "confirm_subscription": Quota("mails to confirm a subscription", 1, 86_400),
    "notification": Quota("mails about notifications", 20, 3600),
    "digest": Quota("digests", 10, 86_400),
    "new_post": Quota("mails about new posts", 24, 86_400),
}


async def put(
    session: AsyncSession, *, to: User | str, message: str, about: str = "",
    language: str | None = None, mailing_list: MailingList | None = None,
    thread: Thread | None = None,
    post_id: int | None = None, comment_id: int | None = None,
    notification_items: Sequence[int] | None = None, **context: object,
) -> Email | None:  # fmt: skip
    """Add a message in the caller's transaction; it is sent after the commit, or never.

    Args:
        session: the transaction.
        to: the recipient, or just their address.
        message: the name of its templates: `templates/mail/<message>.txt`, which sets `subject`,
            and `templates/mail/<message>.html`.
        language: the language for a recipient without an account, if known.
        about: the subject of the message, if messages about different subjects have separate rate
            limits, such as those about two different errors.
        mailing_list: the list that it belongs to, if recipients can unsubscribe from it.
        thread: its place in a conversation, if it has one.
        post_id, comment_id: the post or comment that it is about, if it must not be sent once that
            is no longer public.
        notification_items: the ids of the items that it is about, if it must not be sent once one
            of them is deleted.
        context: the variables for the templates.

    Returns:
        The queued row; `None` if the rate limit of the address is reached.

    Raises:
        ValueError: the subject or the address has a line break, which would end the header.
    """
    if isinstance(to, User):
        language = to.interface_language
    recipient = one_line(to.email if isinstance(to, User) else to)
    purpose = f"{message}:{about}" if about else message
    try:
        limit = OWN_LIMITS.get(message, LIMIT)
        await take_one(session, Bucket(limit, f"{purpose} {recipient}"))
    except TooManyRequestsError:
        return None
    context["mailing_list"] = mailing_list
    templates = current_app.jinja_env
    with using_language(language_for(language)):
        template: Any = templates.get_template(f"mail/{message}.txt").make_module(context)
        text = str(template)
        subject = one_line(current_app.config["MAIL_SUBJECT_PREFIX"] + template.subject)
        html = templates.get_template(f"mail/{message}.html").render(context, subject=subject)
    headers = mailing_list.headers() if mailing_list else {}
    if thread:
        headers |= thread.headers(current_app.config["MAIL_SENDER"])
    email = Email(
        message_id=thread.message_id if thread else uuid4(),
        purpose=purpose,
        recipient=recipient,
        subject=subject,
        text=text,
        html=html,
        headers=headers or None,
        post_id=post_id,
        comment_id=comment_id,
        notification_items=None if notification_items is None else list(notification_items),
        trace_parent=spans.trace_parent(),
    )
    session.add(email)
    await session.execute(select(func.pg_notify(CHANNEL, "")))
    return email


def one_line(header: str) -> str:
    """Return `header` if it is a single line to every parser.

    Raises:
        ValueError: it has a control character or any kind of line break.
    """
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in header):
        raise ValueError("the subject and the recipient of a mail are one line each")
    return header
