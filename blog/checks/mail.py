"""Whether the mail server lets us in."""

from collections.abc import AsyncIterator

from blog.checks.findings import Finding, ok, serious
from blog.mail.delivery import NoConnectionError, SMTPDelivery
from settings import Settings

LONGEST_WAIT = 10


async def check_mail(settings: Settings) -> AsyncIterator[Finding]:
    """Connect as the mail worker does: TLS and login included, but send nothing."""
    if settings.mail_server is None:
        return
    where = f"{settings.mail_server}:{settings.mail_port}"
    impatient = {"mail_timeout": min(settings.mail_timeout, LONGEST_WAIT)}
    delivery = SMTPDelivery(settings.model_copy(update=impatient), settings.mail_server)
    try:
        async with delivery.connect():
            yield ok("MAIL_SERVER", f"{where} lets us in")
    except NoConnectionError as error:
        hint = "check the MAIL_… settings, and whether a firewall is in the way"
        yield serious("MAIL_SERVER", f"{where} does not let us in: {error}", hint)
