"""Sending, against a real SMTP server and a real PostgreSQL."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise

import pytest
from sqlalchemy import text, update

from blog.core.clock import now
from blog.core.jobs import loop
from blog.core.jobs.kinds import PAUSES
from blog.core.web.app import Broadside
from blog.mail import queue
from blog.mail.delivery import Send
from blog.mail.sending import Sender
from blog.models import Email
from tests.jobs import do_job
from tests.mail.conftest import LINK, InState, Put, Working
from tests.mail.smtp import Inbox, receiving
from tests.servers import START_SECONDS, until
from tests.support import Browser, outbox


async def test_a_message_arrives_complete_and_its_text_is_deleted(
    put: Put, working: Working, inbox: Inbox, app: Broadside
) -> None:
    async with working(mail_sender="Broadside <post@blog.test>"):
        email = await put("anna@example.com")
        (message,) = await inbox.holds(1)

    assert email is not None
    assert message["From"] == "Broadside <post@blog.test>"
    assert message["To"] == "anna@example.com"
    assert message["Subject"] == "[Broadside] Confirm your email address"
    assert message["Message-ID"] == f"<{email.message_id}@blog.test>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert abs(parsedate_to_datetime(message["Date"]) - now()) < timedelta(minutes=1)
    assert message.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        assert LINK in body.get_content()
    assert inbox.envelopes[0].mail_from == "post@blog.test"

    (stored,) = await outbox(app)
    assert (stored.state, stored.text, stored.html, stored.attempts) == ("sent", "", "", 1)
    assert stored.sent_at is not None


async def test_the_worker_is_notified_of_a_message_immediately(
    put: Put, working: Working, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "POLL_SECONDS", 3600.0)  # So only a notification can start it.
    delays = []
    async with working():
        await put("first@example.com")
        await inbox.holds(1)
        for number in range(2, 12):
            start = time.perf_counter()
            await put(f"anna{number}@example.com")
            await inbox.holds(number)
            delays.append(time.perf_counter() - start)
    print(f"from put to arrival: median {1000 * sorted(delays)[5]:.0f} ms")  # noqa: T201


async def test_a_message_is_sent_even_if_its_notification_was_missed(
    put: Put, working: Working, inbox: Inbox, app: Broadside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.1)
    async with working():
        await put("anna@example.com")
        await inbox.holds(1)
        async with app.database.engine.begin() as connection:
            await connection.execute(update(Email).values(state="queued", due_at=text("now()")))
        await inbox.holds(2)


async def test_a_temporary_failure_is_retried_with_the_same_message_id(
    put: Put, working: Working, inbox: Inbox, in_state: InState, app: Broadside
) -> None:
    inbox.replies["anna@example.com"] = "451 Come back later"
    async with working():
        await put("anna@example.com")
        (email,) = await in_state("queued", tried=True)
        assert email.last_error == "451 Come back later"
        assert timedelta(seconds=9) < email.due_at - now() < timedelta(seconds=12)

        inbox.replies.clear()
        await make_due(app)
        (message,) = await inbox.holds(1)
    assert str(email.message_id) in message["Message-ID"]
    (sent,) = await outbox(app)
    assert (sent.state, sent.attempts, sent.last_error) == ("sent", 2, None)


@pytest.mark.parametrize("failures", range(len(PAUSES) + 1))
async def test_the_delay_between_attempts_grows_until_a_message_fails(
    failures: int, put: Put, app: Broadside
) -> None:
    await put("anna@example.com", attempts=failures)
    batch = await queue.claim(app.database, 10, 60)
    assert batch
    await queue.record_deferred(app.database, batch, batch.emails, "451 no")
    (email,) = await outbox(app)
    if failures == len(PAUSES):
        assert email.state == "failed"
    else:
        pause = email.due_at - now()
        assert email.state == "queued"
        assert PAUSES[failures] * 0.9 < pause < PAUSES[failures] * 1.21
    assert (email.attempts, email.last_error) == (failures + 1, "451 no")


async def test_a_refused_recipient_fails_immediately_and_the_others_get_their_mail(
    put: Put, working: Working, inbox: Inbox, in_state: InState, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.replies["nobody@example.com"] = "550 No such person here"
    for name in ("anna", "nobody", "susan"):
        await put(f"{name}@example.com")
    async with working():
        await inbox.holds(2)
        (failed,) = await in_state("failed")
    assert set(inbox.recipients) == {"anna@example.com", "susan@example.com"}
    assert failed.recipient == "nobody@example.com"
    assert failed.last_error == "550 No such person here"
    assert inbox.connections == 1
    # The server's reply may quote the message, so it goes to the outbox and not to the log.
    assert "was refused: the server said 550\n" in caplog.text
    assert "No such person" not in caplog.text


async def test_a_message_that_cannot_be_built_fails_and_the_others_are_sent(
    put: Put, working: Working, inbox: Inbox, in_state: InState
) -> None:
    await put("broken@example.com", subject="Hello\nBcc: everybody@example.com")
    await put("anna@example.com")
    async with working():
        await inbox.holds(1)
        (failed,) = await in_state("failed")
    assert failed.recipient == "broken@example.com"
    assert inbox.recipients == ["anna@example.com"]


async def test_an_unexpected_error_affects_only_one_message(put: Put, app: Broadside) -> None:
    sent = []

    class Fragile:
        @asynccontextmanager
        async def connect(self) -> AsyncIterator[Send]:
            async def send(email: Email) -> None:
                if email.recipient == "broken@example.com":
                    raise LookupError
                sent.append(email.recipient)

            yield send

    await put("broken@example.com")
    await put("anna@example.com")
    assert await Sender(app.database, Fragile(), 5, asyncio.Event()).send_batch() == 2
    assert sent == ["anna@example.com"]
    broken, taken = await outbox(app)
    assert (broken.state, broken.attempts, broken.last_error) == ("queued", 1, "LookupError")
    assert taken.state == "sent"


async def test_a_silent_server_times_out_without_slowing_down_pages(
    put: Put, working: Working, in_state: InState, browser: Browser
) -> None:
    loop = asyncio.get_running_loop()
    async with await loop.create_server(asyncio.Protocol, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        await put("anna@example.com")
        async with working(mail_port=port, mail_timeout=0.5):
            assert (await browser.get("/")).status_code == 200
            (email,) = await in_state("queued", tried=True)
    assert email.last_error == "the server did not answer in time"


async def test_mail_is_deferred_while_the_server_is_down_and_sent_when_it_is_back(
    put: Put, working: Working, inbox: Inbox, in_state: InState, app: Broadside
) -> None:
    port = inbox.port
    for number in range(3):
        await put(f"anna{number}@example.com")
    async with receiving(Inbox()) as other:
        down = other.port
    async with working(mail_port=down):
        await in_state("queued", 3, tried=True)
        inbox.port = down
        async with receiving(inbox):
            await make_due(app)
            await inbox.holds(3)
    inbox.port = port


async def test_a_connection_lost_during_a_message_defers_only_that_message(
    put: Put, working: Working, inbox: Inbox, in_state: InState
) -> None:
    inbox.replies["anna1@example.com"] = "421 Going down"
    for number in range(3):
        await put(f"anna{number}@example.com")
    async with working():
        await inbox.holds(2)
        (waiting,) = await in_state("queued")
    assert (waiting.recipient, waiting.attempts) == ("anna1@example.com", 1)


async def test_a_server_that_refuses_a_message_and_hangs_up_gets_the_others_at_once(
    put: Put, working: Working, inbox: Inbox, in_state: InState
) -> None:
    inbox.replies["anna0@example.com"] = "554 5.7.1 Spam \0"
    inbox.farewells.add("anna0@example.com")
    for number in range(4):
        await put(f"anna{number}@example.com")
    async with working():
        await in_state("sent", 3)
        (failed,) = await in_state("failed")
    assert failed.recipient == "anna0@example.com"
    assert failed.last_error == "554 5.7.1 Spam ?"


async def test_a_dead_workers_batch_is_released_when_its_lease_ends(
    put: Put, working: Working, inbox: Inbox, app: Broadside
) -> None:
    await put("anna@example.com")
    assert await queue.claim(app.database, 10, 1.0)
    start = time.monotonic()
    async with working():
        await inbox.holds(1)
    assert time.monotonic() - start > 0.9


async def test_a_worker_that_lost_its_lease_does_not_undo_another_workers_result(
    put: Put, app: Broadside
) -> None:
    await put("anna@example.com")
    overslept = await queue.claim(app.database, 10, 0.0)
    other = await queue.claim(app.database, 10, 60)
    assert overslept
    assert other
    await queue.record_sent(app.database, other, other.emails)
    await queue.record_deferred(app.database, overslept, overslept.emails, "time-out")
    await queue.release(app.database, overslept, overslept.emails)
    (email,) = await outbox(app)
    assert (email.state, email.attempts) == ("sent", 1)


async def test_two_workers_share_the_queue_and_send_nothing_twice(
    put: Put, working: Working, inbox: Inbox, in_state: InState
) -> None:
    inbox.answer_seconds = 0.005
    addresses = [f"anna{number}@example.com" for number in range(100)]
    for address in addresses:
        await put(address)
    async with working(), working():
        await in_state("sent", 100, seconds=30)
    assert sorted(inbox.recipients) == sorted(addresses)
    turns = sum(one != next_one for one, next_one in pairwise(inbox.peers))
    assert turns > 10, "one after the other is not sharing"


async def test_a_stopped_worker_finishes_the_current_message_and_releases_the_others(
    put: Put, working: Working, inbox: Inbox, app: Broadside
) -> None:
    for number in range(5):
        await put(f"anna{number}@example.com")
    async with working() as worker:
        async with in_the_middle_of("anna1@example.com", inbox):
            stopping = asyncio.create_task(worker.stop())
            await asyncio.sleep(0)  # Let the worker handle the notification.
        await stopping
    states = [(email.state, email.attempts) for email in await outbox(app)]
    assert states == [("sent", 1)] * 2 + [("queued", 0)] * 3


async def test_a_lost_listening_connection_is_replaced(
    put: Put, working: Working, inbox: Inbox, app: Broadside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "POLL_SECONDS", 3600.0)  # So only a notification can start it.
    async with working():
        await put("anna@example.com")
        await inbox.holds(1)
        first = await end_connections(app, "broadside listener")
        assert first, "its own, and that of the application"
        assert await listener(app) not in first
        await put("susan@example.com")
        await inbox.holds(2)


async def test_a_message_is_not_sent_twice_after_a_database_outage(
    put: Put, working: Working, inbox: Inbox, in_state: InState, app: Broadside
) -> None:
    for number in range(3):
        await put(f"anna{number}@example.com")
    async with working():
        async with in_the_middle_of("anna1@example.com", inbox):
            assert await end_connections(app, "broadside%")
        await in_state("sent", 3)
    assert len(inbox.messages) == 3


async def test_envelopes_are_deleted_after_30_days(put: Put, app: Broadside) -> None:
    long_ago = now() - timedelta(days=31)
    for state in ("sent", "failed"):
        await put(f"{state}@example.com", state=state, created_at=long_ago, due_at=long_ago)
    await put("young@example.com", state="failed", created_at=now() - timedelta(days=29))
    await put("waiting@example.com", created_at=long_ago)
    await do_job(app, "delete_old_mails")
    left = {email.recipient for email in await outbox(app)}
    assert left == {"young@example.com", "waiting@example.com"}


async def test_the_text_of_a_message_is_never_logged(
    put: Put, working: Working, inbox: Inbox, caplog: pytest.LogCaptureFixture, in_state: InState
) -> None:
    caplog.set_level(logging.DEBUG, logger="blog")
    inbox.replies["nobody@example.com"] = "550 No such person here"
    inbox.replies["later@example.com"] = "450 Later"
    for name in ("anna", "nobody", "later"):
        await put(f"{name}@example.com")
    async with working():
        await in_state("failed")
        await inbox.holds(1)
    logged = [record for record in caplog.records if record.name.startswith("blog")]
    assert logged
    assert not any("a-token" in record.getMessage() for record in logged)


@asynccontextmanager
async def in_the_middle_of(recipient: str, inbox: Inbox) -> AsyncIterator[None]:
    """The server has the message to `recipient`, and answers at the end of the context."""
    inbox.held[recipient] = asyncio.Event()

    async def it_has() -> bool:
        return recipient in inbox.in_hand

    await until(it_has)
    try:
        yield
    finally:
        inbox.held[recipient].set()


async def make_due(app: Broadside) -> None:
    """Make all queued messages due, and notify the workers."""
    async with app.database.engine.begin() as connection:
        await connection.execute(update(Email).values(due_at=text("now()")))
        await connection.execute(text("NOTIFY emails"))


async def listener(app: Broadside) -> int:
    """Wait for a listening connection, and return the PID of its server process."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            if found := await _pids(app, "SELECT pid FROM pg_stat_activity", "broadside listener"):
                return found[0]
            await asyncio.sleep(0.02)


async def end_connections(app: Broadside, name: str) -> list[int]:
    """End the connections of an application, as a restart of the server would."""
    return await _pids(
        app, "SELECT pid FROM pg_stat_activity, pg_terminate_backend(pid, 5000) AS ended", name
    )


async def _pids(app: Broadside, query: str, name: str) -> list[int]:
    statement = text(f"{query} WHERE application_name LIKE :name AND pid <> pg_backend_pid()")
    async with app.database.engine.connect() as connection:
        return list(await connection.scalars(statement, {"name": name}))
