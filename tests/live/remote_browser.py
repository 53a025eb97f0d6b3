"""A browser of a site in production, which expects HTTPS."""

import httpx

from tests.servers import Server
from tests.support import Browser


class _OverPlainHTTP(httpx.AsyncHTTPTransport):
    """Stands for the proxy that speaks HTTPS with the browser."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        inner = httpx.Request(
            request.method, url, headers=request.headers, stream=request.stream,
            extensions=request.extensions,
        )  # fmt: skip
        return await super().handle_async_request(inner)


class RemoteBrowser(Browser):
    """A browser that talks to a server by a socket."""

    def __init__(self, server: Server) -> None:
        httpx.AsyncClient.__init__(
            self, transport=_OverPlainHTTP(server.port), base_url="https://blog.test", timeout=30
        )
