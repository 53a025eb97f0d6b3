"""A small shared cache that purges by surrogate keys, as Fastly's does: for tests only."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx


@dataclass
class PurgingCache:
    """Stores what may be stored, and forgets what it is told to.

    Attributes:
        origin: the URL of the site behind it.
        port: where it listens.
        hits: the number of requests that it has answered itself.
        purges: the keys of each purge.
    """

    origin: str
    port: int
    hits: int = 0
    purges: list[set[str]] = field(default_factory=list)
    _stored: dict[str, tuple[set[str], bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.partition("\r\n")[0].split()
        keys = re.search(r"(?mi)^surrogate-key: (.+?)\r$", head)
        if method == "POST" and path == "/purge" and keys:
            self._forget(set(keys[1].split()))
            body = b""
        else:
            body = await self._page(path)
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        await writer.drain()
        writer.close()

    def _forget(self, keys: set[str]) -> None:
        self.purges.append(keys)
        self._stored = {
            path: stored for path, stored in self._stored.items() if not stored[0] & keys
        }

    async def _page(self, path: str) -> bytes:
        if path in self._stored:
            self.hits += 1
            return self._stored[path][1]
        async with httpx.AsyncClient(timeout=60) as client:
            page = await client.get(self.origin + path, headers={"Host": f"127.0.0.1:{self.port}"})
        if page.status_code == 200 and "s-maxage=3600" in page.headers.get("cache-control", ""):
            self._stored[path] = (set(page.headers["surrogate-key"].split()), page.content)
        return page.content


@asynccontextmanager
async def caching(cache: PurgingCache) -> AsyncIterator[PurgingCache]:
    """Let it run within the context."""
    async with await asyncio.start_server(cache.answer, "127.0.0.1", cache.port):
        yield cache
