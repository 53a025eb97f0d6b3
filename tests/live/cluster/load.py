"""People and programs that write and read while the cluster is in trouble, and record it."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape
from itertools import pairwise
from uuid import uuid4

import httpx

from tests.support import PASSWORD

PAUSE_SECONDS = 0.4
# A client gives up on one server, and tries the other.
CLIENT_SECONDS = 15
# And goes back to the first one after this time.
AWAY_SECONDS = 20
# Until nginx has given up on a web process that hangs, or a client on an nginx.
LONGEST_READ = 18.0
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_COMPOSER = re.compile(r'<form class="composer.*?</form>', re.DOTALL)


@dataclass
class Records:
    """What was asked and answered.

    Attributes:
        acknowledged: the texts that the site said it had stored.
        attempts: how often each text was sent.
        writes, reads: when one was answered, and after how long, in seconds.
        statuses: how often each status was answered; 0 stands for no answer at all.
        unexpected: answers that no failure of a machine explains, and clients that failed.
        impatient: answers with 503 that do not say when to return.
        stale: texts that their own writer did not see afterwards.
        unread: pages that no server answered.
    """

    acknowledged: list[str] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)
    writes: list[tuple[float, float]] = field(default_factory=list)
    reads: list[tuple[float, float]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    impatient: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def longest_gap(self, begin: float) -> float:
        """For how long no write was acknowledged, at the longest, since `begin`."""
        moments = [begin, *(at for at, _ in self.writes if at >= begin), time.monotonic()]
        return max(after - before for before, after in pairwise(moments))

    def longest_write(self, begin: float) -> float:
        """How long one writer waited until a write was acknowledged, at the longest."""
        return max((seconds for at, seconds in self.writes if at >= begin), default=0.0)

    def longest_read(self, begin: float) -> float:
        """How long a reader waited for a page, at the longest, since `begin`."""
        return max((seconds for at, seconds in self.reads if at >= begin), default=0.0)


class Client:
    """Asks one nginx, and the other one if that does not answer, as browsers do."""

    def __init__(self, urls: list[str], records: Records, **headers: str) -> None:
        host = {"Host": urls[0].removeprefix("http://")}
        self.records = records
        self._clients = [
            httpx.AsyncClient(base_url=url, headers=host | headers, timeout=CLIENT_SECONDS)
            for url in urls
        ]
        self._cookies = httpx.Cookies()
        self._away_until = 0.0

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()

    async def ask(self, method: str, path: str, **options: object) -> httpx.Response | None:
        """Send a request once to the preferred server.

        Returns:
            `None` if it was not answered; then the other server is asked for a while.
        """
        is_away = time.monotonic() < self._away_until
        client = self._clients[-1 if is_away else 0]
        client.cookies = self._cookies
        try:
            answer = await client.request(method, path, **options)  # type: ignore[arg-type]
        except httpx.TransportError:
            self.records.statuses[0] += 1
            self._away_until = 0.0 if is_away else time.monotonic() + AWAY_SECONDS
            return None
        self._cookies = client.cookies
        status = answer.status_code
        self.records.statuses[status] += 1
        if status == 503 and "retry-after" not in answer.headers:
            self.records.impatient.append(f"{method} {path}")
        if status >= 500 and status != 503:
            self.records.unexpected.append(f"{method} {path}: {status}")
        return answer

    async def insist(self, method: str, path: str, **options: object) -> httpx.Response:
        """Send the same request until it is answered for good, like a patient person."""
        while True:
            answer = await self.ask(method, path, **options)
            if answer is not None and answer.status_code < 500:
                return answer
            await asyncio.sleep(PAUSE_SECONDS)


class Writer(Client):
    """Writes posts by the form, and looks whether they are there."""

    def __init__(self, urls: list[str], records: Records, name: str) -> None:
        super().__init__(urls, records)
        self.name = name
        self._number = 0

    async def log_in(self) -> None:
        form = {"email": self.name, "password": PASSWORD}
        page = await self.insist("GET", "/auth/login")
        answer = await self.insist("POST", "/auth/login", data=_fields(page.text) | form)
        assert answer.status_code == 302, answer.text

    async def live(self) -> None:
        while True:
            await self.write()
            await asyncio.sleep(PAUSE_SECONDS)

    async def write(self) -> None:
        """Write a post; a form that was refused is sent again, with the same contents."""
        self._number += 1
        words = f"post{self._number}by{self.name}"
        page = await self.insist("GET", "/")
        form = _fields(page.text) | {"body": words}
        begin = time.monotonic()
        self.records.attempts[words] += 1
        answer = await self.insist("POST", "/", data=form)
        if answer.status_code != 302:
            self.records.unexpected.append(f"POST /: {answer.status_code}")
            return
        self._acknowledge(words, begin)
        # Meanwhile others may have written more than a page of all posts has.
        seen = await self.insist("GET", f"/user/{self.name}")
        if words not in seen.text:
            self.records.stale.append(words)

    def _acknowledge(self, words: str, begin: float) -> None:
        moment = time.monotonic()
        self.records.acknowledged.append(words)
        self.records.writes.append((moment, moment - begin))


class Program(Writer):
    """Writes posts by the API, and looks whether they are there."""

    def __init__(self, urls: list[str], records: Records, name: str, token: str) -> None:
        Client.__init__(self, urls, records, Authorization=f"Bearer {token}")
        self.name = name
        self._number = 0

    async def write(self) -> None:
        self._number += 1
        words = f"call{self._number}by{self.name}"
        begin = time.monotonic()
        self.records.attempts[words] += 1
        answer = await self.insist(
            "POST",
            "/api/v1/posts/",
            json={"body": words},
            headers={"Idempotency-Key": str(uuid4())},
        )
        if answer.status_code != 201:
            self.records.unexpected.append(f"POST /api/v1/posts/: {answer.status_code}")
            return
        self._acknowledge(words, begin)
        seen = await self.insist("GET", f"/api/v1/users/{self.name}/posts/")
        if words not in seen.text:
            self.records.stale.append(words)


class Reader(Client):
    """Reads the home page without an account."""

    async def live(self) -> None:
        while True:
            begin = time.monotonic()
            while (answer := await self.ask("GET", "/")) is None or answer.status_code != 200:
                if time.monotonic() - begin > LONGEST_READ:
                    self.records.unread.append(str(answer and answer.status_code))
                    break
                await asyncio.sleep(0.05)
            else:
                self.records.reads.append((begin, time.monotonic() - begin))
            await asyncio.sleep(PAUSE_SECONDS)


def _fields(page: str) -> dict[str, str]:
    """The hidden fields of the composer on a page, or of whatever form there is."""
    found = _COMPOSER.search(page)
    return {name: unescape(value) for name, value in _HIDDEN.findall(found[0] if found else page)}


@asynccontextmanager
async def living(*clients: Writer | Reader) -> AsyncIterator[None]:
    """While these write and read."""
    lives = [asyncio.create_task(_recorded(client)) for client in clients]
    try:
        yield
    finally:
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
        for client in clients:
            await client.close()


async def _recorded(client: Writer | Reader) -> None:
    """Let it write or read for ever; an error of its own is recorded, and it goes on."""
    while True:
        try:
            await client.live()
        except Exception as error:
            client.records.unexpected.append(repr(error))
            await asyncio.sleep(PAUSE_SECONDS)
