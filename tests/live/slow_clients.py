"""Slow clients, and their effect on another reader.

Everything goes to a server on this machine, is bounded, and ends with the block that began it.
"""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from statistics import median, quantiles

import httpx

from tests.servers import Server

# How often a slow client sends or takes something, and how much.
PAUSE_SECONDS = 1.0
BYTES_TAKEN = 1024
# Room for what the kernel keeps of an answer that is not read.
SMALLEST_WINDOW = 4096
READER_PAUSE_SECONDS = 0.02
# They come one after another: many requests at once are a load of another kind.
ARRIVAL_SECONDS = 5.0
LAST = "Connection: close\r\n\r\n"


@dataclass(frozen=True)
class Crowd:
    """How many slow clients there are of each kind, all at the same time.

    Attributes:
        half_heads: send the head of a request byte by byte.
        half_bodies: send a form byte by byte, each with somebody's cookie.
        idle: connect, and send nothing.
        slow_readers: ask for a long answer, and read it in small pieces.
    """

    half_heads: int
    half_bodies: int
    idle: int
    slow_readers: int


@dataclass
class Outcome:
    """What the slow clients got: how often a connection ended with which status; 0 is none."""

    statuses: dict[str, Counter[int]] = field(default_factory=dict)

    def note(self, kind: str, answer: bytes) -> None:
        """Count how a connection of this kind ended."""
        status = int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0
        self.statuses.setdefault(kind, Counter())[status] += 1


@dataclass(frozen=True)
class Latency:
    """How long a reader waited for the answers, in milliseconds."""

    median: float
    p90: float
    p99: float
    requests: int


async def read_plainly(
    server: Server, addresses: Sequence[str], cookie: str, seconds: float
) -> Latency:
    """Read some pages in turn, one after another, and measure each.

    Raises:
        AssertionError: one was not answered with success.
    """
    taken: list[float] = []
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            address = addresses[len(taken) % len(addresses)]
            begin = time.perf_counter()
            answer = await client.get(address, headers={"Cookie": cookie})
            taken.append((time.perf_counter() - begin) * 1000)
            assert answer.status_code == 200, (address, answer.status_code)
            await asyncio.sleep(READER_PAUSE_SECONDS)
    percentiles = quantiles(taken, n=100)
    return Latency(median(taken), percentiles[89], percentiles[98], len(taken))


@asynccontextmanager
async def besieged(
    server: Server, crowd: Crowd, cookies: Sequence[str], long_answer: str
) -> AsyncIterator[Outcome]:
    """While the clients of a crowd are at work.

    Args:
        server: what they talk to.
        crowd: how many of them there are; those that are cut off reconnect.
        cookies: of people who are logged in.
        long_answer: the address that slow readers ask for.
    """
    outcome = Outcome()
    head = f"Host: 127.0.0.1:{server.port}\r\n"
    form = (
        f"POST / HTTP/1.1\r\n{head}Cookie: {{}}\r\nContent-Length: 100000\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\nbody="
    )
    kinds: list[tuple[str, int, Callable[[int], Awaitable[bytes]]]] = [
        ("half heads", crowd.half_heads, lambda _: _trickle(server, f"GET / HTTP/1.1\r\n{head}X:")),
        (
            "half bodies",
            crowd.half_bodies,
            lambda number: _trickle(server, form.format(cookies[number % len(cookies)])),
        ),
        ("idle", crowd.idle, lambda _: _trickle(server, "")),
        (
            "slow readers",
            crowd.slow_readers,
            lambda _: _sip(server, f"GET {long_answer} HTTP/1.1\r\n{head}{LAST}"),
        ),
    ]

    async def come_again(
        kind: str, client: Callable[[int], Awaitable[bytes]], number: int, pause: float
    ) -> None:
        await asyncio.sleep(pause)
        while True:
            with suppress(ConnectionError):
                outcome.note(kind, await client(number))
            await asyncio.sleep(0.1)

    clients = [
        asyncio.create_task(come_again(kind, client, number, ARRIVAL_SECONDS * number / amount))
        for kind, amount, client in kinds
        for number in range(amount)
    ]
    try:
        yield outcome
    finally:
        for client in clients:
            client.cancel()
        results = await asyncio.gather(*clients, return_exceptions=True)
    for result in results:
        assert isinstance(result, asyncio.CancelledError), result


async def _trickle(server: Server, beginning: str) -> bytes:
    """Send the beginning of a request and then byte by byte, if anything; the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(beginning.encode())
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            if beginning:
                writer.write(b"x")
            await asyncio.wait([answer], timeout=PAUSE_SECONDS)
        return await answer
    finally:
        writer.close()


async def _sip(server: Server, request: str) -> bytes:
    """Send a request, and read its answer in small pieces; the first one."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALLEST_WINDOW)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(connection, ("127.0.0.1", server.port))
        await loop.sock_sendall(connection, request.encode())
        first = piece = await loop.sock_recv(connection, BYTES_TAKEN)
        while piece:
            await asyncio.sleep(PAUSE_SECONDS)
            piece = await loop.sock_recv(connection, BYTES_TAKEN)
        return first
    finally:
        connection.close()
