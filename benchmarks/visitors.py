"""Visitors of a running site, each from a network of its own."""

import re
from collections.abc import Iterator
from itertools import count

import httpx

PASSWORD = "correct horse battery"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_networks: Iterator[int] = count(1)


class Visitor(httpx.AsyncClient):
    """Speaks HTTP to a site on this machine, from an address that no other visitor has.

    The site counts failures to log in by network; Linux lets a client have any address of
    127.0.0.0/8.

    Args:
        url: where the site is.
    """

    def __init__(self, url: str) -> None:
        number = next(_networks)
        address = f"127.{1 + number // 250}.{number % 250}.1"
        transport = httpx.AsyncHTTPTransport(local_address=address)
        super().__init__(transport=transport, base_url=url, timeout=60)

    async def form(self, page: str, **values: str) -> dict[str, str]:
        """What the form on `page` sends when it is filled in with `values`."""
        found = _TOKEN.search((await self.get(page)).text)
        assert found, f"there is no form on {page}"
        return {"csrf_token": found[1], **values}

    async def register(self, username: str) -> None:
        """Make an account, `username@example.com`."""
        form = await self.form(
            "/auth/register",
            username=username,
            email=f"{username}@example.com",
            password=PASSWORD,
            password2=PASSWORD,
        )
        answer = await self.post("/auth/register", data=form)
        assert answer.status_code == 302, answer.text
