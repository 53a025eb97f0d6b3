"""The network between the programs: TCP relays that can stop forwarding.

A cut cable and a hanging switch look like this to both ends: connections stay open, and nothing
arrives any more.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from tests.servers import free_port

CHUNK = 65536
# The names of a standby in its startup message, of a primary that asks others whether to go on
# without etcd, and of a member of etcd in the header that its requests to others have.
_STANDBY = re.compile(rb"application_name\0(db\d)\0")
_PRIMARY = re.compile(rb'POST /failsafe .*"name": ?"(db\d)"', re.DOTALL)
_MEMBER = re.compile(rb"X-Server-From: ([0-9a-f]+)")


class Network:
    """All paths between the programs.

    Attributes:
        members: the machines of etcd's members, by their ids in hexadecimal.
    """

    def __init__(self) -> None:
        self.members: dict[str, str] = {}
        self._cut: set[str] = set()
        self._links: set[_Link] = set()
        self._servers: list[asyncio.Server] = []

    async def path(self, owner: str, target: int, port: int | None = None) -> int:
        """Open a path.

        Args:
            owner: the program at one end: when it is cut off, nothing passes.
            target: the port that it leads to.
            port: where it begins.

        Returns:
            The port where it begins.
        """
        port = port or free_port()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            link = _Link({owner}, self._is_cut, self._name)
            self._links.add(link)
            try:
                await link.run(reader, writer, target)
            finally:
                self._links.discard(link)

        self._servers.append(await asyncio.start_server(connected, "127.0.0.1", port))
        return port

    def cut(self, name: str) -> None:
        """Let nothing pass to or from a program any more."""
        self._cut.add(name)
        self._tell()

    def mend(self, name: str) -> None:
        """Let everything pass again, also what has waited."""
        self._cut.discard(name)
        self._tell()

    def busiest(self, *names: str) -> str:
        """The program among these that most connections lead to or come from."""
        ends = Counter(end for link in self._links for end in link.ends)
        return max(names, key=lambda name: ends[name])

    async def close(self) -> None:
        """Close every path."""
        for server in self._servers:
            server.close()
        for link in list(self._links):
            link.close()

    def _tell(self) -> None:
        for link in self._links:
            link.look()

    def _is_cut(self, ends: set[str]) -> bool:
        return bool(ends & self._cut)

    def _name(self, first: bytes) -> str | None:
        """Which program opens a connection, if its first bytes tell."""
        if found := _STANDBY.search(first) or _PRIMARY.search(first):
            return found[1].decode()
        if found := _MEMBER.search(first):
            return self.members.get(found[1].decode())
        return None


class _Link:
    """One connection through a relay.

    Attributes:
        ends: the programs at its ends, as far as they are known.
    """

    def __init__(
        self,
        ends: set[str],
        is_cut: Callable[[set[str]], bool],
        name: Callable[[bytes], str | None],
    ) -> None:
        self.ends = ends
        self._is_cut = is_cut
        self._name = name
        self._passes = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []
        self.look()

    def look(self) -> None:
        """Stop or go on, as the network is now."""
        if self._is_cut(self.ends):
            self._passes.clear()
        else:
            self._passes.set()

    def close(self) -> None:
        self._passes.set()
        for writer in self._writers:
            writer.close()

    async def run(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int
    ) -> None:
        """Forward in both directions until one end closes the connection."""
        self._writers.append(writer)
        try:
            first = await reader.read(CHUNK)
            if first.startswith(b"POST /failsafe") and first.endswith(b"\r\n\r\n"):
                first += await reader.read(CHUNK)
            if name := self._name(first):
                self.ends.add(name)
                self.look()
            if not self._passes.is_set():
                await self._passes.wait()
                if reader.at_eof():
                    # It has given up; without the cut its request would never have left it.
                    return
            their_reader, their_writer = await asyncio.open_connection("127.0.0.1", target)
            self._writers.append(their_writer)
            their_writer.write(first)
            ways = [
                asyncio.create_task(self._forward(reader, their_writer)),
                asyncio.create_task(self._forward(their_reader, writer)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            await self._passes.wait()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            pass
        finally:
            self.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._passes.wait()
                writer.write(data)
                await writer.drain()
