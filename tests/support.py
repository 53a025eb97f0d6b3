"""Helpers for tests: a simple HTTP client that acts as a browser, and users."""

import asyncio
import re
from typing import Any, NamedTuple

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.sessions.service import begin_session
from blog.admin.settings.service import change_settings
from blog.core.auth.clients import Client
from blog.core.auth.credentials import load_credentials
from blog.core.auth.devices import PURPOSE as DEVICE
from blog.core.auth.viewer import OPERATOR
from blog.core.clock import now
from blog.core.crypto.tokens import token_digest
from blog.core.networks import parse_address
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
        self._app = app
        self._client = Client(device="Python", address=parse_address(address))

    async def open_session(self, username: str) -> None:
        """Be logged in, on a known device, without the form: it takes as long as four pages."""
        async with self._app.database.session() as session:
            user = (await session.scalars(select(User).where(User.username == username))).one()
            token = await begin_session(session, user, self._client, remember=False)
            await session.commit()
        (cookie,) = self._app.extensions["QUART_AUTH"]
        known = {"id": username, "user": user.id, "generation": user.device_generation}
        values = {
            cookie.cookie_name: cookie.dump_token(token, self._app),
            f"{self._app.config['COOKIE_PREFIX']}device": self._app.links.sign(DEVICE, known),
        }
        for name, value in values.items():
            self.cookies.set(name, value, domain=self.base_url.host, path="/")


class NewUser(NamedTuple):
    """Somebody to add: `username@example.com`, with the password `PASSWORD`."""

    username: str
    role: str = "User"
    confirmed: bool = True


async def add_users(app: Broadside, *people: NewUser, **values: Any) -> dict[str, User]:
    """Add people at once; they are returned by their usernames."""
    password_hash = await app.passwords.hash(PASSWORD)
    async with app.database.session() as session:
        roles = {role.name: role for role in await session.scalars(select(Role))}
        users = {
            username: User(
                username=username,
                email=f"{username.lower()}@example.com",
                password_hash=password_hash,
                confirmed_at=now() if confirmed else None,
                role=roles[role],
                **values,
            )
            for username, role, confirmed in people
        }
        session.add_all(users.values())
        await session.commit()
        return users


async def add_user(
    app: Broadside, username: str, *, role: str = "User", confirmed: bool = True, **values: Any
) -> User:
    """Add a person, as `NewUser` describes them."""
    return (await add_users(app, NewUser(username, role, confirmed), **values))[username]


async def api_token(session: AsyncSession, secret: str) -> ApiToken | None:
    """The API token with this secret, if it is valid."""
    return (await load_credentials(session, [token_digest(secret)], kind=ApiToken))[0]


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


async def change_site(app: Broadside, **values: Any) -> None:
    """Change settings of the site, as the operator would, until the end of the test."""
    keeper = app.site_settings
    async with app.database.session() as session:
        await change_settings(session, OPERATOR, keeper.defaults, values)
    await keeper.load()
