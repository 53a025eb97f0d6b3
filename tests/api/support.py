"""Helpers for tests of the API."""

import re
from datetime import timedelta
from typing import Any

import httpx

from blog.core.clock import now
from blog.core.crypto.tokens import opaque_token, token_digest
from blog.core.web.app import Broadside
from blog.models import ApiToken, Scope, User

ALL_SCOPES = Scope.READ | Scope.WRITE | Scope.MODERATE


class Client(httpx.AsyncClient):
    """Speaks JSON to the API of an application.

    Args:
        app: a started application; the requests reach it over ASGI, without a socket.
        version: the part of the address that names the API's version.
        address: the network address that the requests come from.
        token: sent as bearer token with each request.
        options: httpx's own, such as `auth`.
    """

    def __init__(
        self,
        app: Broadside,
        version: str = "v1",
        *,
        address: str = "127.0.0.1",
        token: str = "",
        **options: Any,
    ) -> None:
        transport = httpx.ASGITransport(app=app, client=(address, 50000))
        super().__init__(
            transport=transport, base_url=f"https://blog.test/api/{version}", **options
        )
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    async def all_of(self, address: str, name: str) -> list[dict[str, Any]]:
        """All items of a list, by its `next` links from `address` on."""
        items, following = [], address
        while following:
            part = (await self.get(following)).json()
            items += part[name]
            following = part["next"]
        return items


async def add_token(
    app: Broadside, user: User, scopes: Scope = ALL_SCOPES, life: timedelta = timedelta(hours=1)
) -> str:
    """Create a token of a user; with a negative `life`, an expired one."""
    secret = opaque_token()
    async with app.database.session() as session:
        session.add(
            ApiToken(
                token_hash=token_digest(secret),
                user_id=user.id,
                name="test",
                scopes=scopes,
                expires_at=now() + life,
            )
        )
        await session.commit()
    return secret


def statements_of(answer: httpx.Response) -> int:
    """The number of statements of a response."""
    found = re.search(r'db;desc="(\d+) statements"', answer.headers["server-timing"])
    assert found
    return int(found[1])


def assert_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Make sure that an answer is a problem document, as clients of Flasky can read it.

    Returns:
        The document.
    """
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["error"] == problem["title"].lower()
    assert problem["message"] == problem["detail"]
    assert problem["detail"]
    return problem
