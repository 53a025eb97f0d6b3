"""Where messages go: to an SMTP server, or in development to the console and the mailbox."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.utils import parseaddr
from typing import Protocol

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from blog.core.console import say
from blog.mail.mailbox import Mailbox
from blog.mail.message import compose, envelope_address
from blog.models import Email
from settings import Settings

log = logging.getLogger(__name__)

# RFC 3463, 2.
ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b", re.ASCII)

Send = Callable[[Email], Awaitable[None]]


class DeliveryError(Exception):
    """A message was not taken; the text says why, in the server's words."""


class RefusedError(DeliveryError):
    """It never will be: there is no use in trying again."""


class DeferredError(DeliveryError):
    """It may be taken later."""


class DisconnectedError(DeferredError):
    """It may be taken later, and nothing more can be sent over this connection."""


class NoConnectionError(DisconnectedError):
    """There is no connection; the message was not even tried."""


class Delivery(Protocol):
    """A way for messages to leave."""

    def connect(self) -> AbstractAsyncContextManager[Send]:
        """Open a connection for a number of messages.

        Returns:
            A context with the function that sends one: it returns once the message is taken.

        Raises:
            NoConnectionError: on entering: there is none to be had.
            DeliveryError: by the function: the message was not taken.
        """


def delivery_of(settings: Settings) -> Delivery | None:
    """The way that the settings ask for; `None` if messages are to wait for a server."""
    if settings.mail_server is not None:
        return SMTPDelivery(settings, settings.mail_server)
    if settings.is_development:
        return DevelopmentDelivery(Mailbox(settings.mailbox_folder), settings.mail_sender)
    return None


class SMTPDelivery:
    """Sends by SMTP (RFC 5321), with the server's certificate verified where TLS is used.

    Connecting, and each message, may take `mail_timeout` seconds in all.
    """

    def __init__(self, settings: Settings, server: str) -> None:
        self._settings = settings
        self._server = server
        self._sender = settings.mail_sender
        self._envelope_sender = envelope_address(parseaddr(settings.mail_sender)[1])
        self._own_name: str | None = None

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Send]:
        """See `Delivery.connect`."""
        password = self._settings.mail_password
        smtp = SMTP(
            hostname=self._server,
            port=self._settings.mail_port,
            username=self._settings.mail_username,
            password=password.get_secret_value() if password else None,
            use_tls=self._settings.mail_use_tls,
            start_tls=self._settings.mail_starttls,
            timeout=self._settings.mail_timeout,
            local_hostname=self._own_name,
        )
        try:
            async with asyncio.timeout(self._settings.mail_timeout):
                await smtp.connect()
        except (SMTPException, OSError) as error:
            raise NoConnectionError(describe(error)) from error
        # Looking it up asks the name server, which may take its time.
        self._own_name = smtp.local_hostname

        async def send(email: Email) -> None:
            await self._send(smtp, email)

        try:
            yield send
        except BaseException:
            smtp.close()
            raise
        await self._quit(smtp)

    async def _send(self, smtp: SMTP, email: Email) -> None:
        if not smtp.is_connected:
            raise NoConnectionError("the server has hung up")
        try:
            message = compose(email, self._sender)
            recipient = envelope_address(email.recipient)
            options = [] if recipient.isascii() else ["SMTPUTF8"]
            async with asyncio.timeout(self._settings.mail_timeout):
                await smtp.sendmail(
                    self._envelope_sender, recipient, message.as_bytes(), mail_options=options
                )
        except (SMTPException, OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                # What the server may still answer would not match our next question.
                smtp.close()
            if is_permanent(error):
                raise RefusedError(describe(error)) from error
            kind = DeferredError if smtp.is_connected else DisconnectedError
            raise kind(describe(error)) from error

    async def _quit(self, smtp: SMTP) -> None:
        """Take leave; whatever the server makes of it, each message has had its answer."""
        try:
            if smtp.is_connected:
                async with asyncio.timeout(self._settings.mail_timeout):
                    await smtp.quit()
        except (SMTPException, OSError) as error:
            log.debug("the mail server did not take leave: %s", without_words(error))
        finally:
            smtp.close()


def is_permanent(error: Exception) -> bool:
    """Whether sending the same message again is of no use (RFC 5321, 4.2.1: replies 5yz)."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(is_permanent(refused) for refused in error.recipients)
    if isinstance(error, SMTPResponseException):
        return 500 <= error.code < 600
    # No server takes a message that cannot be made, and this one does not know SMTPUTF8.
    return isinstance(error, ValueError | SMTPNotSupported)


def describe(error: Exception) -> str:
    """What went wrong, in one line, in the server's words where it said any."""
    if isinstance(error, SMTPRecipientsRefused):
        text = "; ".join(describe(refused) for refused in error.recipients)
    elif isinstance(error, SMTPResponseException):
        text = f"{error.code} {error.message}"
    elif isinstance(error, TimeoutError):
        text = "the server did not answer in time"
    else:
        text = str(error) or type(error).__name__
    words = " ".join(text.split())
    # A server may say anything, also what the database could not store.
    return "".join(character if character.isprintable() else "?" for character in words)


def without_words(error: BaseException) -> str:
    """What went wrong, as a log may have it: what a server says may quote the message."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, SMTPRecipientsRefused):
            cause = cause.recipients[0]
        if isinstance(cause, SMTPResponseException):
            enhanced = ENHANCED_CODE.match(cause.message)
            return f"the server said {cause.code}{f' {enhanced[0]}' if enhanced else ''}"
        cause = cause.__cause__
    return str(error)


class DevelopmentDelivery:
    """Shows messages on the console and keeps them for `/dev/mailbox`."""

    def __init__(self, mailbox: Mailbox, sender: str) -> None:
        self._mailbox = mailbox
        self._sender = sender

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Send]:
        """See `Delivery.connect`."""
        yield self._deliver

    async def _deliver(self, email: Email) -> None:
        try:
            message = compose(email, self._sender)
            await asyncio.to_thread(self._mailbox.add, message, email.created_at)
        except ValueError as error:
            raise RefusedError(describe(error)) from error
        except OSError as error:
            raise DeferredError(describe(error)) from error
        say(console_block(email))


def console_block(email: Email) -> str:
    """A message as the console shows it, set off by a rule."""
    rule = "─" * 72
    lines = [f"To: {email.recipient}", f"Subject: {email.subject}", "", *email.text.splitlines()]
    return "\n".join(["", rule, *(f"  {line}".rstrip() for line in lines), rule, ""])
