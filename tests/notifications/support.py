"""People who speak to the API, and what they are notified of."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from blog.core.web.app import Broadside
from tests.api.support import Client, add_token
from tests.support import NewUser, add_users


class Person(Client):
    """Somebody with a token of the API."""

    id: int
    name: str

    async def write_post(self, title: str = "Trams") -> int:
        """Publish a post; returns its id."""
        answer = await self.post("/posts/", json={"title": title, "body": "Some words."})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def comment(self, post_id: int, body: str = "So am I.", **more: object) -> int:
        """Comment on a post; returns the id of the comment."""
        answer = await self.post(f"/posts/{post_id}/comments/", json={"body": body} | more)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def notifications(self, query: str = "") -> list[dict[str, Any]]:
        """All their notifications, the newest first."""
        return await self.all_of(f"/notifications/{query}", "notifications")

    async def texts(self, query: str = "?unread=true") -> list[str]:
        """What their unread notifications say."""
        return [each["text"] for each in await self.notifications(query)]

    async def unread(self) -> int:
        """How many are unread."""
        return int((await self.get("/notifications/")).json()["unread"])


@asynccontextmanager
async def people(app: Broadside, *names: str) -> AsyncIterator[dict[str, Person]]:
    """Add people; "max" is a moderator."""
    roles = {"max": "Moderator"}
    users = await add_users(app, *(NewUser(name, roles.get(name, "User")) for name in names))
    async with AsyncExitStack() as stack:
        found = {}
        for name, user in users.items():
            person = Person(app, token=await add_token(app, user))
            person.id, person.name = user.id, name
            found[name] = await stack.enter_async_context(person)
        yield found
