"""The counts of comments and users stay exact under concurrent writes."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.deletion.service import DELETE_ACCOUNT, delete_account
from blog.accounts.links import credentials_of
from blog.core.auth.viewer import Viewer
from blog.core.web.app import Broadside
from blog.models import Comment, User
from blog.models.id_ranges import IdRange
from blog.posts.counts import KEPT_COUNTS, wrong_counts
from tests.accounts.deletions import finish_deletions
from tests.api.support import Client, add_token

WRITERS, LEAVERS, NEWCOMERS = 16, 6, 12
DEEDS = 12


async def scribble(client: Client, chance: random.Random) -> set[int]:
    """Do some things at random, many of which make no sense by the time they are done."""
    statuses = set()
    for _ in range(DEEDS):
        post, person = chance.randint(1, 30), chance.randint(1, WRITERS)
        comment = chance.randint(IdRange.SIZE - 10, IdRange.SIZE + 40)
        method, address = chance.choice(
            [
                ("POST", "/posts/"),
                ("POST", f"/posts/{post}/comments/"),
                ("POST", f"/posts/{post}/comments/"),
                ("DELETE", f"/comments/{comment}"),
                ("DELETE", f"/posts/{post}"),
                ("PUT", f"/users/person{person}/follow"),
                ("DELETE", f"/users/person{person}/follow"),
            ]
        )
        body = {"body": f"Words {chance.random()}"}
        answer = await client.request(method, address, json=body if method == "POST" else None)
        statuses.add(answer.status_code)
    return statuses


async def test_counts_of_comments_and_people_stay_exact_while_accounts_come_and_go(
    app: Broadside, anonymous: Client, db: AsyncSession,
    make_user: Callable[..., Awaitable[User]],
) -> None:  # fmt: skip
    # What is written lies in two ranges, which two transactions could lock in either order.
    for table in ("comments", "users"):
        near_the_border = f"ALTER TABLE {table} ALTER id RESTART WITH {IdRange.SIZE - 10}"
        await db.execute(text(near_the_border))
    await db.commit()
    people = [await make_user(f"person{number}") for number in range(1, WRITERS + 1)]
    clients = [Client(app, token=await add_token(app, person)) for person in people]
    for client in clients:
        await client.post("/posts/", json={"body": "The first"})
        for post in (1, 2, 3):
            await client.post(f"/posts/{post}/comments/", json={"body": "At once"})

    async def leave(person: User) -> None:
        content = {"user": person.id, "credentials": credentials_of(person)}
        token = app.links.sign(DELETE_ACCOUNT, content)
        async with app.database.session() as session:
            await delete_account(session, Viewer.of(person), token, app.links)
        await finish_deletions(app)

    async def register(number: int) -> set[int]:
        account = {"email": f"new{number}@example.com", "username": f"new{number}",
                   "password": "long enough words"}  # fmt: skip
        return {(await anonymous.post("/users/", json=account)).status_code}

    statuses, _ = await asyncio.gather(
        asyncio.gather(
            *(
                scribble(client, random.Random(number))
                for number, client in enumerate(clients[LEAVERS:])
            ),
            *(register(number) for number in range(NEWCOMERS)),
        ),
        asyncio.gather(*(leave(person) for person in people[:LEAVERS])),
    )
    for client in clients:
        await client.aclose()
    # It is done, or is not theirs, or is about what is gone, or about themselves.
    assert set().union(*statuses) <= {201, 204, 403, 404, 422}
    assert await wrong_counts(db) == {kept.name: 0 for kept in KEPT_COUNTS}
    people_now = (await anonymous.get("/users/")).json()["count"]
    assert people_now == WRITERS - LEAVERS + NEWCOMERS
    comments = await db.scalar(select(func.count()).select_from(Comment))
    assert (await anonymous.get("/comments/")).json()["count"] == comments
