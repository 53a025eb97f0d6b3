"""Blocks at the same moment as what they forbid."""

import asyncio

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Block, Comment, Follow, PostLike, User
from blog.posts.counts import wrong_counts
from tests.api.support import Client, add_token
from tests.comments.support import add_post
from tests.servers import until
from tests.support import NewUser, add_users

PEOPLE = 25


async def test_a_hundred_who_write_and_delete_at_once_leave_exact_counts_and_nothing_across_a_block(
    app: Broadside, db: AsyncSession, susan: User
) -> None:
    people = await add_users(app, *(NewUser(f"person{n}") for n in range(PEOPLE)))
    post = await add_post(db, susan)
    others = await add_users(app, *(NewUser(f"other{n}") for n in range(PEOPLE)))
    written = {"body": "x", "body_html": "<p>x</p>", "renderer_version": 1, "post_id": post.id}
    comments = [Comment(author_id=other.id, **written) for other in others.values()]
    db.add_all(comments)
    db.add_all(PostLike(user_id=other.id, post_id=post.id) for other in others.values())
    await db.commit()
    susans = await add_token(app, susan)
    tokens = {name: await add_token(app, person) for name, person in people.items()}
    async with Client(app, token=susans) as susans_client, Client(app) as client:

        async def send(method: str, address: str, token: str) -> int:
            options = {"json": {"body": "x"}} if method == "POST" else {}
            answer = await client.request(
                method, address, headers={"Authorization": f"Bearer {token}"}, **options
            )
            return answer.status_code

        acts = []
        for other, comment in zip(others.values(), comments, strict=True):
            token = await add_token(app, other)
            acts += [
                send("DELETE", f"/comments/{comment.id}", token),
                send("DELETE", f"/posts/{post.id}/like", token),
            ]
        for name, token in tokens.items():
            acts += [
                send("PUT", "/users/susan/follow", token),
                send("PUT", f"/posts/{post.id}/like", token),
                send("POST", f"/posts/{post.id}/comments/", token),
                susans_client.put(f"/users/{name}/follow"),
                susans_client.put(f"/users/{name}/block"),
                send("PUT", "/users/susan/block", token),
            ]
        await asyncio.gather(*acts)
    assert await db.scalar(select(func.count()).select_from(Block)) == 2 * PEOPLE
    assert await db.scalar(select(func.count()).select_from(Follow)) == 0
    for table, person_id in ((Comment, Comment.author_id), (PostLike, PostLike.user_id)):
        left = select(func.count()).select_from(table)
        assert not await db.scalar(left.where(person_id.in_([each.id for each in others.values()])))
    assert not any((await wrong_counts(db)).values())
    await db.commit()


async def test_what_began_before_a_block_is_refused_after_its_commit(
    app: Broadside, db: AsyncSession, susan: User
) -> None:
    """The rows are written by statements that did not see the block, as those of a batch that
    has just begun."""
    nina = (await add_users(app, NewUser("nina")))["nina"]
    post = await add_post(db, susan)
    written = {"body": "x", "body_html": "x", "renderer_version": 1}
    rows = [
        Follow(follower_id=nina.id, followed_id=susan.id),
        Follow(follower_id=susan.id, followed_id=nina.id),
        PostLike(user_id=nina.id, post_id=post.id),
        Comment(author_id=nina.id, post_id=post.id, **written),
    ]
    async with app.database.session() as blocking:
        await blocking.execute(select(func.lock_for_block(susan.id, nina.id)))
        blocking.add(Block(user_id=susan.id, blocked_id=nina.id))
        await blocking.flush()

        async def insert(row: object) -> str:
            async with app.database.session() as session:
                session.add(row)
                try:
                    await session.commit()
                except Exception as error:
                    return str(error)
            return ""

        inserting = [asyncio.create_task(insert(row)) for row in rows]
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"

        async def all_wait() -> bool:
            return await db.scalar(text(waiting)) == len(rows)

        await until(all_wait)
        await blocking.commit()
    for error in await asyncio.gather(*inserting):
        assert "has blocked the other" in error
    assert not any((await wrong_counts(db)).values())
