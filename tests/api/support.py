"""What the API's tests act with."""

from typing import Any

import httpx

from blog.web.app import Broadside


class Client(httpx.AsyncClient):
    """Speaks JSON to the API of an application.

    Args:
        app: a started application; the requests reach it over ASGI, without a socket.
        version: the part of the address that names the API's version.
        options: httpx's own, such as `auth`.
    """

    def __init__(self, app: Broadside, version: str = "v1", **options: Any) -> None:
        transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 50000))
        super().__init__(
            transport=transport, base_url=f"https://blog.test/api/{version}", **options
        )
