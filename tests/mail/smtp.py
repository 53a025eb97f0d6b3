"""A real SMTP server for the tests, which does what a test wants of it.

Run as a program, it is a process of its own: `python -m tests.mail.smtp PORT FILE` takes every
message and writes a line of JSON about it into FILE before it says so.
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from ssl import SSLContext
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE)


@dataclass
class Inbox:
    """What the server took, and how it answers.

    Args:
        replies: what it says to a recipient, instead of taking the message.
        farewells: the recipients after whose refusal it hangs up.
        answer_seconds: how long it thinks about each message.
        held: the recipients whose message it thinks about until the event is set.
        in_hand: the recipients whose message it has begun to think about.
    """

    replies: dict[str, str] = field(default_factory=dict)
    farewells: set[str] = field(default_factory=set)
    answer_seconds: float = 0.0
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    in_hand: list[str] = field(default_factory=list)
    messages: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    peers: list[object] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Take or refuse a recipient."""
        if address in self.farewells:
            asyncio.get_running_loop().call_soon(server.transport.close)
        if address in self.replies:
            return self.replies[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message."""
        recipient = envelope.rcpt_tos[0]
        self.in_hand.append(recipient)
        await asyncio.sleep(self.answer_seconds)
        if recipient in self.held:
            await self.held[recipient].wait()
        assert isinstance(envelope.content, bytes)
        async with self._arrived:
            self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
            self.envelopes.append(envelope)
            self.peers.append(session.peer)
            self._arrived.notify_all()
        return "250 Taken"

    async def holds(self, number: int, seconds: float = 60.0) -> list[EmailMessage]:
        """Wait until so many messages have arrived."""
        async with asyncio.timeout(seconds), self._arrived:
            await self._arrived.wait_for(lambda: len(self.messages) >= number)
        return self.messages

    @property
    def recipients(self) -> list[str]:
        """The recipients of the messages, in order of arrival."""
        return [envelope.rcpt_tos[0] for envelope in self.envelopes]


@asynccontextmanager
async def receiving(
    inbox: Inbox, ssl: SSLContext | None = None, **options: Any
) -> AsyncIterator[Inbox]:
    """Run a server on a free port of 127.0.0.1 (or again on the inbox's own).

    Args:
        inbox: where messages go.
        ssl: to encrypt from the start.
        options: as `aiosmtpd.smtp.SMTP` takes them.
    """
    protocols: list[SMTP] = []

    def connected() -> SMTP:
        inbox.connections += 1
        protocols.append(SMTP(inbox, hostname="smtp.test", **options))
        return protocols[-1]

    server = await asyncio.get_running_loop().create_server(
        connected, "127.0.0.1", inbox.port, ssl=ssl
    )
    inbox.port = server.sockets[0].getsockname()[1]
    try:
        yield inbox
    finally:
        server.close()
        for protocol in protocols:
            if protocol.transport is not None:
                protocol.transport.close()
        await server.wait_closed()


class Recorder:
    """Takes every message, and writes down that it did."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", buffering=1)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a message."""
        assert isinstance(envelope.content, bytes)
        message_id = MESSAGE_ID.search(envelope.content)
        assert message_id
        line = {"to": envelope.rcpt_tos[0], "message_id": message_id[1].decode()}
        self._file.write(json.dumps(line) + "\n")
        return "250 Taken"


async def main() -> None:
    """Serve until killed."""
    port, file = int(sys.argv[1]), Path(sys.argv[2])
    recorder = Recorder(file)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(recorder, hostname="smtp.test"), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
