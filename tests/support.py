"""Helpers for tests: a simple HTTP client that acts as a browser, and users."""

import asyncio
import re
from typing import Any

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.credentials import holders
from blog.core.clock import now
from blog.core.crypto.tokens import token_digest
from blog.core.web.app import Broadside
from blog.models import ApiToken, Email, Role, User

PASSWORD = "correct horse battery"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Visitor(httpx.AsyncClient):
    """Has a cookie jar, and fills in the CSRF token of forms; redirects are not followed."""

    async def token(self, page: str) -> str:
        """The CSRF token in the form on `page`."""
        found = _TOKEN.search((await self.get(page)).text)
        assert found, f"there is no form on {page}"
        return found[1]

    async def submit(
        self, action: str, data: dict[str, Any] | None = None, *, page: str | None = None
    ) -> httpx.Response:
        """Send the form that stands on `page` (by default at the address it is sent to)."""
        token = await self.token(page or action)
        return await self.post(action, data={"csrf_token": token, **(data or {})})

    async def log_in(self, login: str, password: str = PASSWORD) -> httpx.Response:
        """Log in by the form."""
        answer = await self.submit("/auth/login", {"email": login, "password": password})
        assert answer.status_code == 302, answer.text
        return answer


class Browser(Visitor):
    """Speaks HTTP to an application in this process.

    Args:
        app: a started application; the requests reach it over ASGI, without a socket.
        address: the network address that the requests come from.
    """

    def __init__(self, app: Broadside, address: str = "127.0.0.1") -> None:
        transport = httpx.ASGITransport(app=app, client=(address, 50000))
        super().__init__(transport=transport, base_url="https://blog.test")


async def add_user(
    app: Broadside, username: str, *, role: str = "User", confirmed: bool = True, **values: Any
) -> User:
    """Add a person, `username@example.com`, with the password `PASSWORD`."""
    async with app.database.session() as session:
        granted = (await session.scalars(select(Role).where(Role.name == role))).one()
        user = User(
            username=username,
            email=f"{username.lower()}@example.com",
            password_hash=await app.passwords.hash(PASSWORD),
            confirmed_at=now() if confirmed else None,
            role=granted,
            **values,
        )
        session.add(user)
        await session.commit()
        return user


async def api_token(session: AsyncSession, secret: str) -> ApiToken | None:
    """The API token with this secret, if it is valid."""
    return (await holders(session, [token_digest(secret)], credential=ApiToken))[0]


async def outbox(app: Broadside) -> list[Email]:
    """The mails in the outbox, the oldest first, once every request has written its own."""
    await asyncio.gather(*app.background_tasks)
    async with app.database.session() as session:
        return list(await session.scalars(select(Email).order_by(Email.id)))


def link_in(email: Email) -> str:
    """The path of the first link in the text of a mail."""
    found = re.search(r"https?://[^/\s]+(/\S+)", email.text)
    assert found, email.text
    return found[1]
