"""Sending a batch of the outbox, and recording the result of each message."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from blog.core.db.database import Database
from blog.core.jobs.retries import retry_while_unavailable
from blog.core.telemetry import spans
from blog.mail import queue
from blog.mail.delivery import (
    DeferredError,
    Delivery,
    DisconnectedError,
    NoConnectionError,
    NoSuchRecipientError,
    RefusedError,
    Send,
    describe_for_log,
)
from blog.mail.queue import Batch
from blog.models import Email

log = logging.getLogger(__name__)

BATCH_SIZE = 50
# A lease lasts as long as this number of attempts may take at most.
LEASE_ATTEMPTS = 4


@dataclass(frozen=True)
class Sender:
    """Sends messages that are due.

    A message is sent at least once: if the process dies after the server has accepted it and before
    that is recorded, it is sent again, with the same `Message-ID`. This affects at most two
    messages, because the result of one is recorded while the next one is being sent.

    Args:
        database: stores the outbox.
        delivery: the transport.
        attempt_seconds: the maximum duration of an attempt.
        stopping: set when no further message may be started.
    """

    database: Database
    delivery: Delivery
    attempt_seconds: float
    stopping: asyncio.Event

    async def send_batch(self) -> int:
        """Send messages that are due, up to a maximum number, over one connection.

        Returns:
            The number of claimed messages.

        Raises:
            NoConnectionError, DisconnectedError: the connection failed; the results are recorded.
        """
        lease = LEASE_ATTEMPTS * self.attempt_seconds
        batch = await queue.claim(self.database, BATCH_SIZE, lease)
        if batch is None:
            return 0
        claimed, batch = len(batch.emails), await queue.withdraw(self.database, batch)
        remaining = deque(batch.emails)
        if not remaining:
            return claimed
        try:
            async with self.delivery.connect() as send:
                await self._send_all(send, batch, remaining)
        except NoConnectionError as error:
            await self._record(batch, queue.record_deferred, remaining, str(error))
            raise
        except DisconnectedError:
            await self._record(batch, queue.release, remaining)
            raise
        if remaining:
            await self._record(batch, queue.release, remaining)
        return claimed

    async def _send_all(self, send: Send, batch: Batch, remaining: deque[Email]) -> None:
        """Send messages from the front of `remaining`, until the time is up or the connection is
        lost.

        Raises:
            DisconnectedError: the connection was lost before the server replied to any message.
                Otherwise, the next batch tries a new connection immediately.
        """
        has_replied = False
        recording = asyncio.create_task(asyncio.sleep(0))
        try:
            while remaining and self._has_time(batch):
                error = await _attempt(send, remaining[0])
                if not isinstance(error, NoConnectionError):
                    email = remaining.popleft()
                    await recording
                    recording = asyncio.create_task(self._record_outcome(batch, email, error))
                if isinstance(error, DisconnectedError):
                    if has_replied:
                        return
                    raise DisconnectedError(str(error)) from error
                has_replied = True
        finally:
            await recording

    def _has_time(self, batch: Batch) -> bool:
        """Whether there is time for another message before the lease ends."""
        in_time = time.monotonic() + self.attempt_seconds < batch.deadline
        return in_time and not self.stopping.is_set()

    async def _record_outcome(self, batch: Batch, email: Email, error: Exception | None) -> None:
        """Log and record the result of a message; `error` is `None` if it was accepted."""
        if error is None:
            await self._record(batch, queue.record_sent, [email])
        elif isinstance(error, RefusedError):
            reason = describe_for_log(error)
            log.error("mail %d (%s) was refused: %s", email.id, email.purpose, reason)
            is_recipient = isinstance(error, NoSuchRecipientError)
            record = queue.record_no_recipient if is_recipient else queue.record_refused
            await self._record(batch, record, [email], str(error))
        elif isinstance(error, DeferredError):
            reason = describe_for_log(error)
            log.warning(
                "mail %d (%s) has not been accepted yet: %s", email.id, email.purpose, reason
            )
            await self._record(batch, queue.record_deferred, [email], str(error))
        else:
            log.error("mail %d (%s) cannot be sent", email.id, email.purpose, exc_info=error)
            await self._record(batch, queue.record_deferred, [email], type(error).__name__)

    async def _record(
        self, batch: Batch, write: Callable[..., Awaitable[None]], *arguments: object
    ) -> None:
        """Record results, with retries, because the mail server can't be asked again."""
        await retry_while_unavailable(
            lambda: write(self.database, batch, *arguments), batch.deadline
        )


async def _attempt(send: Send, email: Email) -> Exception | None:
    """Try to send a message. A failure of any kind does not affect later messages.

    Returns:
        The error; `None` if the message was accepted.
    """
    kind = email.purpose.partition(":")[0]
    try:
        with spans.span(
            f"mail {kind}", "CLIENT", parent=email.trace_parent, mail=email.id,
            attempt=email.attempts + 1,
        ):  # fmt: skip
            await send(email)
    except Exception as error:
        return error
    return None
