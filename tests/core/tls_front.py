"""TLS in front of a PostgreSQL that has none, as the protocol's `SSLRequest` begins it."""

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")


class Front:
    """Who has come, and how.

    Attributes:
        port: on 127.0.0.1.
        was_encrypted: of each connection that got as far as to speak to PostgreSQL.
    """

    def __init__(self, socket_file: str, context: ssl.SSLContext | None) -> None:
        self.port = 0
        self.was_encrypted: list[bool] = []
        self._socket_file = socket_file
        self._context = context

    async def meet(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Serve one connection."""
        with suppress(OSError, EOFError, ssl.SSLError):
            first = await reader.readexactly(8)
            is_encrypted = first == SSL_REQUEST and self._context is not None
            if first == SSL_REQUEST:
                writer.write(b"S" if self._context else b"N")
                if self._context:
                    await writer.start_tls(self._context)
                first = await reader.readexactly(8)
            self.was_encrypted.append(is_encrypted)
            behind = await asyncio.open_unix_connection(self._socket_file)
            behind[1].write(first)
            await asyncio.gather(pass_on(reader, behind[1]), pass_on(behind[0], writer))
        writer.close()


async def pass_on(reader: StreamReader, writer: StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def tls_front(socket_file: str, context: ssl.SSLContext | None) -> AsyncIterator[Front]:
    """A port that leads to a server's socket.

    Args:
        socket_file: the Unix socket.
        context: `None` to say that there is no TLS.
    """
    front = Front(socket_file, context)
    async with await asyncio.start_server(front.meet, "127.0.0.1", 0) as server:
        front.port = server.sockets[0].getsockname()[1]
        yield front
