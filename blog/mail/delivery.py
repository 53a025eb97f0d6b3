"""Delivery of messages: by SMTP, or, in development, to the console and the mailbox."""

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
# The recipient's address or mailbox (RFC 3463, 3.2 and 3.3); 5.1.7 and 5.1.8 are for the sender's.
ABOUT_RECIPIENT = re.compile(r"5\.([02]\.|1\.(?![78]\b))", re.ASCII)

Send = Callable[[Email], Awaitable[None]]


class DeliveryError(Exception):
    """A message was not accepted; the text is the server's reason."""


class RefusedError(DeliveryError):
    """A permanent failure: retrying is useless."""


class NoSuchRecipientError(RefusedError):
    """The server has permanently refused the recipient's address."""


class DeferredError(DeliveryError):
    """A temporary failure."""


class DisconnectedError(DeferredError):
    """A temporary failure, after which the connection is unusable."""


class NoConnectionError(DisconnectedError):
    """No connection could be opened; the message was not attempted."""


class Delivery(Protocol):
    """A transport for messages."""

    def connect(self) -> AbstractAsyncContextManager[Send]:
        """Open a connection for several messages.

        Returns:
            A context manager for the function that sends a message and returns when it is accepted.

        Raises:
            NoConnectionError: on entering the context, if there is no connection.
            DeliveryError: by the function, if the message was not accepted.
        """


def build_delivery(settings: Settings) -> Delivery | None:
    """Build the transport for these settings; `None` if messages have to wait for a mail server."""
    if settings.mail_server is not None:
        return SMTPDelivery(settings, settings.mail_server)
    if settings.is_development:
        return DevelopmentDelivery(Mailbox(settings.mailbox_folder), settings.mail_sender)
    return None


class SMTPDelivery:
    """Sends by SMTP (RFC 5321), with the server's certificate verified where TLS is used.

    Connecting and each message have a time limit of `mail_timeout` seconds.
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
        # Remember it, because looking it up queries the name server, which may be slow.
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
                # A late reply would be taken for the reply to the next command.
                smtp.close()
            if is_permanent(error):
                refusal = NoSuchRecipientError if is_recipient_refused(error) else RefusedError
                raise refusal(describe(error)) from error
            kind = DeferredError if smtp.is_connected else DisconnectedError
            raise kind(describe(error)) from error

    async def _quit(self, smtp: SMTP) -> None:
        """Send QUIT, ignoring errors: every message has had its reply."""
        try:
            if smtp.is_connected:
                async with asyncio.timeout(self._settings.mail_timeout):
                    await smtp.quit()
        except (SMTPException, OSError) as error:
            log.debug("the mail server did not answer QUIT: %s", describe_for_log(error))
        finally:
            smtp.close()


def is_permanent(error: Exception) -> bool:
    """Whether the failure is permanent (RFC 5321, 4.2.1: replies 5yz)."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(is_permanent(refused) for refused in error.recipients)
    if isinstance(error, SMTPResponseException):
        return 500 <= error.code < 600
    # The message can't be built, or this server does not support SMTPUTF8.
    return isinstance(error, ValueError | SMTPNotSupported)


def is_recipient_refused(error: Exception) -> bool:
    """Whether a permanent failure is about the recipient's address, as far as the server says.

    It may also refuse an address because of its policy, or because of the sender.
    """
    if not isinstance(error, SMTPRecipientsRefused):
        return False
    code = ENHANCED_CODE.match(error.recipients[0].message)
    return code is None or ABOUT_RECIPIENT.match(code[0]) is not None


def describe(error: Exception) -> str:
    """Describe an error in one line, with the server's reply if there is one."""
    if isinstance(error, SMTPRecipientsRefused):
        text = "; ".join(describe(refused) for refused in error.recipients)
    elif isinstance(error, SMTPResponseException):
        text = f"{error.code} {error.message}"
    elif isinstance(error, TimeoutError):
        text = "the server did not answer in time"
    else:
        text = str(error) or type(error).__name__
    words = " ".join(text.split())
    # A reply may contain characters that the database can't store.
    return "".join(character if character.isprintable() else "?" for character in words)


def describe_for_log(error: BaseException) -> str:
    """Describe an error for the log, without the server's text, which may quote the message."""
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
    """Format a message for the console, between two rules."""
    rule = "─" * 72
    lines = [f"To: {email.recipient}", f"Subject: {email.subject}", "", *email.text.splitlines()]
    return "\n".join(["", rule, *(f"  {line}".rstrip() for line in lines), rule, ""])
