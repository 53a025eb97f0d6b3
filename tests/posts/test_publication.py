"""The order of posts by publication, and their visibility."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import ANONYMOUS, Viewer
from blog.core.clock import now
from blog.core.db.pagination import CursorRequest, PageRequest
from blog.core.events import log
from blog.core.web.app import Broadside
from blog.models import Permission, Post, PostDay, PostStatus, User
from blog.posts import queries
from blog.posts.counts import KEPT_COUNTS, wrong_counts
from blog.posts.policies import may_read_post, visible_to
from blog.posts.publication import POSTS_AT_ONCE, publish_due_posts
from tests.api.support import Client, add_token
from tests.jobs import do_job
from tests.posts.test_posts import add_posts
from tests.support import Browser

MakeUser = Callable[..., Awaitable[User]]
TEXT = {"body": "x", "body_html": "<p>x</p>", "renderer_version": 1}
SPRING_2009 = datetime(2009, 5, 5, 12, tzinfo=UTC)
MEMBER = Permission.WRITE | Permission.COMMENT | Permission.FOLLOW
EXACT = {kept.name: 0 for kept in KEPT_COUNTS}


def expected_to_read(status: PostStatus, viewer: str, *, is_hidden: bool) -> bool:
    """Who may read a post, defined independently."""
    if is_hidden:
        return viewer in {"author", "moderator"}
    return status == PostStatus.PUBLISHED or viewer == "author"


@pytest.mark.parametrize(("status", "is_hidden"), list(product(PostStatus, [False, True])))
async def test_a_post_is_seen_by_whom_it_is_for_and_counted_and_listed_if_that_is_everybody(
    db: AsyncSession, make_user: MakeUser, status: PostStatus, is_hidden: bool
) -> None:
    author, other = await make_user("author"), await make_user("other")
    viewers = {
        "stranger": ANONYMOUS,
        "member": Viewer(other.id, "other", MEMBER, other),
        "author": Viewer(author.id, "author", MEMBER, author),
        "moderator": Viewer(other.id, "other", MEMBER | Permission.MODERATE, other),
    }
    post = Post(author_id=author.id, status=status, hidden_at=now() if is_hidden else None, **TEXT)
    db.add(post)
    await db.commit()
    listed = await queries.listed_post(db, post.id)
    assert listed
    for name, viewer in viewers.items():
        expected = expected_to_read(status, name, is_hidden=is_hidden)
        assert may_read_post(viewer, post) == may_read_post(viewer, listed) == expected, name
        found = await db.scalars(select(Post.id).where(visible_to(viewer)))
        assert list(found) == [post.id] * expected, name
    is_public = expected_to_read(status, "stranger", is_hidden=is_hidden)
    for posts in (queries.NEWEST, queries.BY_AUTHOR, queries.TIMELINE):
        for wanted in (PageRequest(1, 10), CursorRequest(10)):
            for page in (
                await posts.cards(db, wanted, author.id), await posts.texts(db, wanted, author.id),
            ):  # fmt: skip
                assert [row.id for row in page.rows] == [post.id] * is_public
                assert page.total == is_public
    assert len(await queries.texts_of(db, [post.id])) == is_public
    assert await wrong_counts(db) == EXACT


async def test_counts_follow_every_change_of_a_post(db: AsyncSession, susan: User) -> None:
    """Whatever it was, and whatever it becomes, also on another day."""
    states = [
        {"status": status, "published_at": moment, "hidden_at": hidden_at}
        for status, moment, hidden_at in product(
            PostStatus, (SPRING_2009, SPRING_2009 + timedelta(days=1)), (None, now())
        )
    ]
    post = Post(author_id=susan.id, **TEXT)
    db.add(post)
    await db.commit()
    for before, after in product(states, states):
        await db.execute(update(Post).values(before))
        await db.execute(update(Post).values(after))
    await db.commit()
    assert await wrong_counts(db) == EXACT
    assert await db.scalar(select(User.post_count)) == 0
    await db.execute(update(Post).values(states[-4]))
    await db.commit()
    days = select(PostDay.day, PostDay.visible).where(PostDay.visible > 0)
    assert [tuple(row) for row in await db.execute(days)] == [(SPRING_2009.date(), 1)]


async def test_all_posts_but_drafts_have_a_publication_time(db: AsyncSession, susan: User) -> None:
    for status in (PostStatus.SCHEDULED, PostStatus.PUBLISHED):
        with pytest.raises(IntegrityError, match="published_at"):
            await db.execute(
                text(
                    "INSERT INTO posts"
                    " (author_id, body, body_html, renderer_version, status, published_at)"
                    " VALUES (:author, 'x', 'x', 1, :status, NULL)"
                ),
                {"author": susan.id, "status": status},
            )
        await db.rollback()


async def test_an_imported_post_stands_where_it_was_published(
    app: Broadside, browser: Browser, db: AsyncSession, susan: User
) -> None:
    first, second, third = await add_posts(db, susan, 3)
    old = Post(author_id=susan.id, published_at=SPRING_2009, **TEXT)
    older = Post(author_id=susan.id, published_at=SPRING_2009 - timedelta(microseconds=1), **TEXT)
    twin = Post(author_id=susan.id, published_at=SPRING_2009, **TEXT)
    for imported in (old, older, twin):
        db.add(imported)
        await db.flush()
    await db.commit()
    order = [third.id, second.id, first.id, twin.id, old.id, older.id]
    async with Client(app, token=await add_token(app, susan)) as client:
        for address in ("/posts/", "/users/susan/posts/", "/users/susan/timeline/"):
            for start in ("?per_page=2", "?per_page=2&cursor="):
                found = await client.all_of(address + start, "posts")
                assert [post["id"] for post in found] == order, address + start
            assert found[-1]["timestamp"] == "2009-05-05T11:59:59.999999Z"
    for address in ("/", "/user/susan"):
        page = (await browser.get(address)).text
        assert [page.index(f'id="post-{post_id}"') for post_id in order] == sorted(
            page.index(f'id="post-{post_id}"') for post_id in order
        )
        assert "2009-05-05T12:00:00" in page


async def test_who_follows_cursors_misses_nothing_while_posts_are_imported_and_hidden(
    app: Broadside, db: AsyncSession, susan: User
) -> None:
    posts = await add_posts(db, susan, 30)
    seen: list[int] = []
    hidden: set[int] = set()
    imported: set[int] = set()
    following = "/posts/?cursor=&per_page=4"
    while following:
        async with Client(app) as client:
            part = (await client.get(following)).json()
        seen += [post["id"] for post in part["posts"]]
        following = part["next"]
        # Hidden: the one at which the cursor stands, and one that comes. Imported: one below all.
        for gone in (seen[-1], posts[len(seen) // 5].id):
            await db.execute(update(Post).where(Post.id == gone).values(hidden_at=now()))
            hidden.add(gone)
        if following and len(imported) < 8:
            moment = SPRING_2009 - timedelta(minutes=len(imported))
            old = Post(author_id=susan.id, published_at=moment, **TEXT)
            db.add_all([old, Post(author_id=susan.id, **TEXT)])
            await db.flush()
            imported.add(old.id)
        await db.commit()
    assert len(seen) == len(set(seen))
    assert {post.id for post in posts} - hidden <= set(seen)
    assert imported <= set(seen)


async def scheduled(db: AsyncSession, author: User, moment: datetime, number: int = 1) -> list[int]:
    posts = [
        Post(author_id=author.id, status=PostStatus.SCHEDULED, published_at=moment, **TEXT)
        for _ in range(number)
    ]
    db.add_all(posts)
    await db.commit()
    return [post.id for post in posts]


async def test_scheduled_posts_are_published_when_they_are_due_and_stand_at_their_time(
    app: Broadside, browser: Browser, db: AsyncSession, susan: User
) -> None:
    (written,) = await add_posts(db, susan, 1)
    moment = written.published_at
    assert moment
    (late,) = await scheduled(db, susan, moment - timedelta(hours=1))
    (on_time,) = await scheduled(db, susan, moment + timedelta(hours=1))
    (later,) = await scheduled(db, susan, moment + timedelta(hours=1, microseconds=1))
    assert f'id="post-{late}"' not in (await browser.get("/")).text
    assert await publish_due_posts(db, moment + timedelta(hours=1)) == 2
    assert await publish_due_posts(db, moment + timedelta(hours=1)) == 0
    page = await queries.NEWEST.cards(db, PageRequest(1, 10))
    assert [post.id for post in page.rows] == [on_time, written.id, late]
    assert [post.published_at for post in page.rows] == [
        moment + timedelta(hours=1), moment, moment - timedelta(hours=1),
    ]  # fmt: skip
    events = [entry.payload["post_id"] for entry in await log.read(db, None, 10)]
    assert events == [late, on_time]
    assert await wrong_counts(db) == EXACT
    assert (await db.get_one(Post, later)).status == PostStatus.SCHEDULED


async def test_the_job_publishes_all_that_was_due_while_no_worker_ran(
    app: Broadside, db: AsyncSession, susan: User
) -> None:
    await scheduled(db, susan, SPRING_2009, POSTS_AT_ONCE + 1)
    (later,) = await scheduled(db, susan, now() + timedelta(hours=1))
    await do_job(app, "publish_due_posts")
    left = await db.scalars(select(Post.id).where(Post.status == PostStatus.SCHEDULED))
    assert list(left) == [later]


async def test_each_due_post_is_published_once_however_many_workers_try(
    app: Broadside, db: AsyncSession, susan: User, make_user: MakeUser
) -> None:
    david = await make_user("david")
    ids = await scheduled(db, susan, SPRING_2009, POSTS_AT_ONCE // 2 + 20)
    ids += await scheduled(db, david, SPRING_2009 + timedelta(days=1), POSTS_AT_ONCE // 2 + 20)

    async def work() -> int:
        published = 0
        while True:
            async with app.database.session() as session:
                if not (number := await publish_due_posts(session, now())):
                    return published
                published += number

    async def write() -> None:
        for _ in range(20):
            async with app.database.session() as session:
                session.add(Post(author_id=david.id, published_at=SPRING_2009, **TEXT))
                await session.commit()

    *published, _ = await asyncio.gather(work(), work(), work(), write())
    assert sum(published) == len(ids)
    entries = await log.read(db, None, 1000)
    assert sorted(entry.payload["post_id"] for entry in entries) == sorted(ids)
    assert await wrong_counts(db) == EXACT


async def test_a_worker_that_dies_before_the_commit_has_published_nothing(
    app: Broadside, db: AsyncSession, susan: User
) -> None:
    await scheduled(db, susan, SPRING_2009)
    async with app.database.session() as session:

        def fail(_session: object) -> None:
            raise ConnectionResetError

        event.listen(session.sync_session, "before_commit", fail)
        with pytest.raises(ConnectionResetError):
            await publish_due_posts(session, now())
    assert await log.read(db, None, 10) == []
    assert await publish_due_posts(db, now()) == 1


async def test_scheduled_posts_of_a_disabled_account_wait_until_it_is_enabled(
    db: AsyncSession, susan: User
) -> None:
    await scheduled(db, susan, SPRING_2009)
    await db.execute(update(User).values(disabled_at=now()))
    await db.commit()
    assert await publish_due_posts(db, now()) == 0
    await db.execute(update(User).values(disabled_at=None))
    await db.commit()
    assert await publish_due_posts(db, now()) == 1
