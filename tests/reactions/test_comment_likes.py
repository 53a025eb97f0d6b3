"""Likes of comments, on pages and in the API."""

import asyncio

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Comment, CommentLike, LoggedEvent, Post, User
from blog.posts.counts import wrong_counts
from tests.api.support import Client, add_token
from tests.comments.support import add_comments, add_post, shown_comments
from tests.databases import wait_for_a_lock
from tests.support import Browser, NewUser, add_user, add_users

MANY = 100


@pytest.fixture
async def post(db: AsyncSession, susan: User) -> Post:
    """Susan's post with three comments by her."""
    post = await add_post(db, susan)
    await add_comments(db, post, susan.id, 3)
    return post


async def likes_of(db: AsyncSession, comment_id: int) -> int:
    """The kept number of likes."""
    return (await db.get_one(Comment, comment_id, populate_existing=True)).like_count


async def test_a_like_is_counted_once_and_taken_back_once(
    susans_browser: Browser, db: AsyncSession, post: Post
) -> None:
    here = "/post/1?sort=newest"
    for act, likes in (("like", 1), ("unlike", 0)):
        for _ in range(2):
            answer = await susans_browser.submit(
                f"/comment/2/{act}", {"next": here}, page="/post/1"
            )
            assert answer.headers["location"] == f"{here}#comment-2"
            assert await likes_of(db, 2) == likes
        other = "unlike" if act == "like" else "like"
        page = (await susans_browser.get(here)).text
        assert f'action="/comment/2/{other}"' in page
        assert 'action="/comment/1/like"' in page
        assert ("1 like<" in page) == bool(likes)
    kinds = await db.scalars(select(LoggedEvent.kind).order_by(LoggedEvent.id))
    assert list(kinds) == ["CommentLiked", "CommentUnliked"]


async def test_a_like_leads_nowhere_else(susans_browser: Browser, post: Post) -> None:
    answer = await susans_browser.submit(
        "/comment/1/like", {"next": "//evil.example"}, page="/post/1"
    )
    assert answer.headers["location"] == "/comment/1"


async def test_what_not_everybody_can_read_cannot_be_liked(
    susans_browser: Browser, db: AsyncSession, post: Post
) -> None:
    disabled = {"disabled_at": now(), "disabled_reason": "Rude"}
    await db.execute(update(Comment).where(Comment.id == 1).values(disabled))
    await db.commit()
    assert (await susans_browser.submit("/comment/1/like", page="/post/1")).status_code == 403
    assert (await susans_browser.submit("/comment/9/like", page="/post/1")).status_code == 404
    assert await likes_of(db, 1) == 0


async def test_the_most_liked_threads_come_first(
    app: Broadside, browser: Browser, db: AsyncSession, post: Post
) -> None:
    people = await add_users(app, NewUser("david"), NewUser("mary"))
    likes = [("david", 3), ("mary", 3), ("mary", 2)]
    db.add_all(CommentLike(user_id=people[who].id, comment_id=which) for who, which in likes)
    db.add(Comment(
        post_id=1, author_id=people["mary"].id, body="So", body_html="So", renderer_version=1,
        parent_id=1, path=[1, 4],
    ))  # fmt: skip
    await db.commit()
    page = await browser.get("/post/1?sort=top")
    assert shown_comments(page) == [3, 2, 1, 4]
    assert "2 likes" in page.text


async def test_the_api_likes_and_tells_who_asks_what_they_like(
    app: Broadside, susan: User, post: Post
) -> None:
    token = await add_token(app, susan)
    async with Client(app, token=token) as client, Client(app) as stranger:
        before = await client.get("/comments/1")
        for _ in range(2):
            assert (await client.put("/comments/1/like")).status_code == 204
        for address in ("/comments/", "/posts/1/comments/"):
            liked = {
                each["id"]: (each["like_count"], each["liked"])
                for each in (await client.get(address)).json()["comments"]
            }
            assert liked == {1: (1, True), 2: (0, False), 3: (0, False)}
        assert (await stranger.get("/comments/1")).json()["liked"] is None
        assert (await stranger.put("/comments/1/like")).status_code == 401
        edit = await client.patch(
            "/comments/1", json={"body": "New"}, headers={"If-Match": before.headers["etag"]}
        )
        assert edit.status_code == 200
        for _ in range(2):
            assert (await client.delete("/comments/1/like")).status_code == 204
        assert (await client.get("/comments/1")).json()["like_count"] == 0


async def test_the_count_is_right_after_many_like_at_once(
    app: Broadside, db: AsyncSession, post: Post
) -> None:
    people = await add_users(app, *(NewUser(f"person{number}") for number in range(MANY)))
    tokens = [await add_token(app, person) for person in people.values()]

    async def like(number: int, token: str) -> int:
        async with Client(app, token=token, address=f"10.0.{number}.1") as client:
            answers = [await client.put("/comments/2/like") for _ in range(2)]
            if number % 4 == 0:
                answers.append(await client.delete("/comments/2/like"))
            return max(answer.status_code for answer in answers)

    done = await asyncio.gather(*(like(number, token) for number, token in enumerate(tokens)))
    assert set(done) == {204}
    assert await likes_of(db, 2) == MANY * 3 // 4
    assert (await db.scalars(select(func.count()).select_from(CommentLike))).one() == MANY * 3 // 4
    assert not any((await wrong_counts(db)).values())


async def test_an_author_deletes_a_post_while_somebody_likes_a_comment_on_it(
    app: Broadside, db: AsyncSession, susan: User
) -> None:
    """Two who wait for each other would end in a 503 for one of them."""
    nina = await add_user(app, "nina")
    post = await add_post(db, susan)
    (comment,) = await add_comments(db, post, susan.id, 1)
    async with (
        Client(app, token=await add_token(app, susan)) as author,
        Client(app, token=await add_token(app, nina)) as reader,
    ):
        async with app.database.session() as elsewhere:
            await elsewhere.execute(select(User.id).where(User.id == nina.id).with_for_update())
            like = asyncio.create_task(reader.put(f"/comments/{comment.id}/like"))
            await wait_for_a_lock(app.database, 1)
            deletion = asyncio.create_task(author.delete(f"/posts/{post.id}"))
            await wait_for_a_lock(app.database, 2)
            await elsewhere.commit()
        assert [(await each).status_code for each in (like, deletion)] == [204, 204]
