"""The worker that sends the outbox, in a web process or in `blog worker`."""

import logging

from blog.core.db.database import Database
from blog.core.jobs.loop import Loop, seconds_to_wait
from blog.mail import queue
from blog.mail.delivery import DeferredError, build_delivery, describe_for_log
from blog.mail.outbox import CHANNEL
from blog.mail.sending import Sender
from settings import Settings

log = logging.getLogger(__name__)

STOP_SECONDS = 10.0
STOP_SECONDS_IN_DEVELOPMENT = 2.0


class MailWorker(Loop):
    """Claims messages and sends them. There may be any number of workers.

    When it is stopped, it finishes the current message and releases the others. It does not wait
    for a slow mail server: the message is then sent again after its lease.

    Args:
        database: stores the outbox; open while the worker runs.
        settings: the settings, which determine the transport.
    """

    channel = CHANNEL

    def __init__(self, database: Database, settings: Settings) -> None:
        patience = STOP_SECONDS_IN_DEVELOPMENT if settings.is_development else STOP_SECONDS
        super().__init__("mail", patience)
        self._database = database
        self._delivery = build_delivery(settings)
        self._attempt_seconds = settings.mail_timeout

    async def start(self) -> None:
        """Start the worker; the database must be open."""
        if self._delivery is None:
            log.info("mail stays in the outbox: MAIL_SERVER is not set")
            return
        await super().start()

    async def step(self) -> float:
        """Send a batch, or return when the next message is due."""
        assert self._delivery is not None  # noqa: S101
        sender = Sender(self._database, self._delivery, self._attempt_seconds, self._stopping)
        if await sender.send_batch():
            return 0.0
        return seconds_to_wait(await queue.seconds_until_next(self._database))

    def log_error(self, error: Exception, pause: float) -> None:
        """Log an error, which may be the mail server's."""
        if isinstance(error, DeferredError):
            reason = describe_for_log(error)
            log.warning("mail server error, next attempt in %.1f s: %s", pause, reason)
        else:
            super().log_error(error, pause)
