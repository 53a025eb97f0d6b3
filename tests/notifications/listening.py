"""A browser's stream, spoken to an application in this process."""

import asyncio
import json
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlsplit

from tests.support import Browser


class Listening:
    """An open stream of a logged-in browser.

    Attributes:
        status: of the response.
        headers: its headers.
        text: what has arrived.
    """

    def __init__(self, browser: Browser, address: str = "/notifications/stream", **headers: str):
        self._app, self.text = browser._app, ""
        self.status, self.headers = 0, dict[str, str]()
        self._news, self._left = asyncio.Condition(), asyncio.Event()
        headers = {"accept-encoding": "identity"} | headers
        request = browser.build_request("GET", address, headers=headers)
        url = urlsplit(str(request.url))
        self._scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "https", "path": url.path, "raw_path": url.path.encode(), "root_path": "",
            "query_string": url.query.encode(), "client": ("127.0.0.1", 50000),
            "server": ("blog.test", 443),
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "extensions": {},
        }  # fmt: skip
        self._has_begun = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._app(self._scope, self._receive, self._send))  # type: ignore[arg-type]
        async with self._news:
            await self._news.wait_for(lambda: self.status)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._left.set()
        await self._task

    async def _receive(self) -> dict[str, Any]:
        if not self._has_begun:
            self._has_begun = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        async with self._news:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = {name.decode().lower(): value.decode()
                                for name, value in message["headers"]}  # fmt: skip
            self.text += message.get("body", b"").decode()
            self._news.notify_all()

    async def event(self, name: str, **data: object) -> str:
        """Wait for an event with these data; returns its id."""
        async with asyncio.timeout(30), self._news:
            while True:
                for part in self.text.split("\n\n"):
                    fields = dict(line.split(": ", 1) for line in part.split("\n") if ": " in line)
                    if fields.get("event") != name:
                        continue
                    if data.items() <= json.loads(fields["data"]).items():
                        return fields.get("id", "")
                await self._news.wait()

    async def ended(self) -> None:
        """Wait until the server has ended the stream."""
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(self._task), 30)
