"""`/dev/mailbox`: the mails of a development site. Other sites don't have it."""

import asyncio

from quart import Blueprint, Response, render_template
from quart.typing import ResponseReturnValue

from blog.core.errors import NotFoundError
from blog.core.web.app import current_app
from blog.core.web.local import comes_from_this_machine
from blog.mail.mailbox import Mailbox, StoredMessage

blueprint = Blueprint("mailbox", __name__, url_prefix="/dev/mailbox")

# Mails are not trusted: no scripts, no forms, no external resources. A link may navigate the whole
# window if the user clicks it.
FRAMED_POLICY = "; ".join(
    [
        "default-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "img-src data:",
        "sandbox allow-top-navigation-by-user-activation",
        "style-src 'unsafe-inline'",
    ]
)


def _mailbox() -> Mailbox:
    return Mailbox(current_app.settings.mailbox_folder)


async def _message(name: str) -> StoredMessage:
    message = await asyncio.to_thread(_mailbox().message, name)
    if message is None:
        raise NotFoundError("This message doesn't exist.")
    return message


@blueprint.before_request
async def only_for_this_machine() -> None:
    """Hide the mailbox from the network: its links give access to other people's accounts."""
    if not comes_from_this_machine():
        raise NotFoundError("This page doesn't exist.")


@blueprint.get("")
async def messages() -> ResponseReturnValue:
    """List the mails, the newest first."""
    messages = await asyncio.to_thread(_mailbox().messages)
    server = current_app.settings.mail_server
    return await render_template("mailbox/messages.html", messages=messages, server=server)


@blueprint.get("/<name>")
async def message(name: str) -> ResponseReturnValue:
    """Show a mail as text, HTML and source."""
    return await render_template("mailbox/message.html", message=await _message(name))


@blueprint.get("/<name>/html")
async def framed(name: str) -> ResponseReturnValue:
    """The HTML of a mail, for the frame in that page."""
    html = (await _message(name)).html.replace("<head>", '<head><base target="_top">', 1)
    headers = {"Content-Security-Policy": FRAMED_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return Response(html, headers=headers, mimetype="text/html")
