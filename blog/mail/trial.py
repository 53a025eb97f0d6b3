"""Sending a test message."""

import uuid
from html import escape

from blog.core.clock import now
from blog.mail.delivery import Delivery
from blog.models import Email


async def send_test_message(delivery: Delivery, recipient: str, *, site: str, subject: str) -> str:
    """Send a test message immediately, bypassing the outbox; nothing is stored.

    Args:
        delivery: the transport.
        recipient: the address.
        site: the URL of the site, which the text mentions.
        subject: the subject with its prefix.

    Returns:
        The `Message-ID`, for finding the message in the server's log.

    Raises:
        NoConnectionError: no connection could be opened.
        DeliveryError: the message was not accepted.
    """
    time = now()
    text = f"This is a test. If you can read this, {site} can send email.\n"
    message = Email(
        message_id=uuid.uuid4(),
        purpose="test",
        recipient=recipient,
        subject=subject,
        text=text,
        html=f"<!doctype html>\n<title>{escape(subject)}</title>\n<p>{escape(text)}</p>\n",
        created_at=time,
        due_at=time,
    )
    async with delivery.connect() as send:
        await send(message)
    return str(message.message_id)
