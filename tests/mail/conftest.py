"""A mail server, and a worker that sends to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import SimpleNamespace

import pytest

from blog.core.jobs.background import Background
from blog.core.jobs.listener import Listener
from blog.core.web.app import Broadside
from blog.mail import outbox
from blog.mail.worker import MailWorker
from blog.models import Email
from settings import Settings
from tests.mail.smtp import Inbox, receiving
from tests.servers import START_SECONDS
from tests.support import outbox as stored_mails

LINK = "https://blog.test/auth/confirm/a-token-that-nobody-else-may-see"

InState = Callable[..., Awaitable[list[Email]]]
Put = Callable[..., Awaitable[Email | None]]
Working = Callable[..., AbstractAsyncContextManager[MailWorker]]


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    """A mail server that takes everything."""
    async with receiving(Inbox()) as inbox:
        yield inbox


@pytest.fixture
def put(app: Broadside) -> Put:
    """Write a message into the outbox and commit: `await put("anna@example.com")`."""

    async def put(to: str, message: str = "confirm", **values: object) -> Email | None:
        user = SimpleNamespace(username="anna", email=to)
        async with app.app_context(), app.database.session() as session:
            email = await outbox.put(
                session, to=to, message=message, user=user, link=LINK, others=None
            )
            for name, value in values.items():
                setattr(email, name, value)
            await session.commit()
            return email

    return put


@pytest.fixture
def working(app: Broadside, make_settings: Callable[..., Settings], inbox: Inbox) -> Working:
    """A worker, at work within the context: `async with working(mail_timeout=1): ...`."""

    @asynccontextmanager
    async def working(**changes: object) -> AsyncIterator[MailWorker]:
        server = {"mail_server": "127.0.0.1", "mail_port": inbox.port, "mail_timeout": 5}
        worker = MailWorker(app.database, make_settings(**(server | changes)))
        background = Background(Listener(app.database), [worker])
        await background.start()
        try:
            yield worker
        finally:
            await background.stop()

    return working


@pytest.fixture
def in_state(app: Broadside) -> InState:
    """Wait until so many messages are in a state, and get them: `await in_state("sent", 3)`."""

    async def wait(
        state: str, number: int = 1, *, tried: bool = False, seconds: float = START_SECONDS
    ) -> list[Email]:
        async with asyncio.timeout(seconds):
            while True:
                found = [
                    email
                    for email in await stored_mails(app)
                    if email.state == state and (email.attempts or not tried)
                ]
                if len(found) >= number:
                    return found
                await asyncio.sleep(0.02)

    return wait
