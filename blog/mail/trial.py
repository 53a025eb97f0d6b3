"""A message that is sent by hand, to see whether mail arrives."""

import uuid
from html import escape

from blog.core.clock import now
from blog.mail.delivery import Delivery
from blog.models import Email


async def send_trial(delivery: Delivery, recipient: str, *, site: str, subject: str) -> str:
    """Send a message at once, past the outbox: nothing of it is stored.

    Args:
        delivery: the way of the settings.
        recipient: an address.
        site: the address of the site, for the text.
        subject: all of it, with its prefix.

    Returns:
        The number in its `Message-ID`, by which the mail server's log has it.

    Raises:
        NoConnectionError: the server does not let us in.
        DeliveryError: it did not take the message.
    """
    moment = now()
    text = f"This is a test. If you can read it, {site} can send mail.\n"
    message = Email(
        message_id=uuid.uuid4(),
        purpose="test",
        recipient=recipient,
        subject=subject,
        text=text,
        html=f"<!doctype html>\n<title>{escape(subject)}</title>\n<p>{escape(text)}</p>\n",
        created_at=moment,
        due_at=moment,
    )
    async with delivery.connect() as send:
        await send(message)
    return str(message.message_id)
