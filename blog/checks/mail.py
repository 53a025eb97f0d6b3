"""Check of the mail server."""

from collections.abc import AsyncIterator

from blog.checks.findings import Finding, ok, serious
from blog.mail.delivery import NoConnectionError, SMTPDelivery
from settings import Settings

LONGEST_WAIT = 10


async def check_mail(settings: Settings) -> AsyncIterator[Finding]:
    """Connect and log in as the mail worker does, without sending anything."""
    if settings.mail_server is None:
        return
    where = f"{settings.mail_server}:{settings.mail_port}"
    timeout = {"mail_timeout": min(settings.mail_timeout, LONGEST_WAIT)}
    delivery = SMTPDelivery(settings.model_copy(update=timeout), settings.mail_server)
    try:
        async with delivery.connect():
            yield ok("MAIL_SERVER", f"{where} accepts the connection")
    except NoConnectionError as error:
        hint = "check the MAIL_… settings, and whether a firewall blocks the connection"
        yield serious("MAIL_SERVER", f"cannot connect to {where}: {error}", hint)
