"""Writing a message into the outbox, in the transaction of the change that it tells about."""

from quart import current_app, render_template
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import Email

CHANNEL = "emails"


async def put(session: AsyncSession, *, to: str, message: str, **context: object) -> Email:
    """Add a message to `session`; it is sent after the caller's commit, or never.

    Args:
        session: the transaction that the message belongs to.
        to: the recipient's address.
        message: which one: `templates/mail/<message>.txt`, whose first line is
            `Subject: …`, and `templates/mail/<message>.html`. It is also its purpose.
        context: what the templates show.

    Returns:
        The message's row, queued.

    Raises:
        ValueError: the subject or the address would break out of its header.
    """
    text = await render_template(f"mail/{message}.txt", **context)
    html = await render_template(f"mail/{message}.html", **context)
    header, _, body = text.partition("\n")
    subject = current_app.config["MAIL_SUBJECT_PREFIX"] + header.removeprefix("Subject: ").strip()
    if any(character in subject + to for character in "\r\n\0"):
        raise ValueError("a mail's subject and recipient are one line each")
    email = Email(purpose=message, recipient=to, subject=subject, text=body.lstrip(), html=html)
    session.add(email)
    await session.execute(select(func.pg_notify(CHANNEL, "")))
    return email
