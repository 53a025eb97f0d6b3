"""The lists of posts: their pages, the tabs, and what is in none of them."""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import event, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from blog.core.clock import now
from blog.core.db.pagination import CursorRequest, PageRequest
from blog.core.web.app import Broadside
from blog.models import Follow, Post, User
from blog.posts import queries
from blog.posts.lists import NEWEST_FIRST
from tests.posts.test_posts import add_posts
from tests.support import Browser
from tests.test_growth import counted_blocks

MakeUser = Callable[..., Awaitable[User]]


async def test_the_pager_has_numbers_and_leads_to_both_ends(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    await add_posts(db, susan, 401)
    page = (await browser.get("/?page=10")).text
    for number in (1, 8, 9, 11, 12, 21):
        assert f'aria-label="Page {number}"' in page
    for number in (7, 13):
        assert f'aria-label="Page {number}"' not in page
    assert 'aria-current="page" href="/?page=10"' in page
    assert 'rel="prev" href="/?page=9"' in page
    assert 'rel="next" href="/?page=11"' in page


async def test_a_page_past_the_end_is_empty_and_leads_back_to_the_last_one(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    await add_posts(db, susan, 45)
    for address in ("/", "/user/susan"):
        page = await browser.get(f"{address}?page=9999999999")
        assert page.status_code == 200
        assert "no page 9999999999" in page.text
        assert f'rel="prev" href="{address}?page=3"' in page.text


async def test_every_page_is_the_right_one_however_the_posts_are_spread_over_the_days(
    db: AsyncSession, susan: User
) -> None:
    """Days with many, with few and with no posts, some at the same microsecond, in no order."""
    first = datetime(2009, 3, 1, 23, 59, 59, 999_999, tzinfo=UTC)
    times = [first + timedelta(microseconds=n % 3) for n in range(30)]
    times += [first + timedelta(days=n * n, minutes=n) for n in range(1, 40)]
    times += [now() - timedelta(seconds=n // 2) for n in range(25)]
    random.Random(5).shuffle(times)
    values = {"author_id": susan.id, "body": "x", "body_html": "x", "renderer_version": 1}
    for time in times:
        db.add(Post(published_at=time, **values))
        await db.flush()
    await db.commit()
    posts = list(await db.scalars(select(Post)))
    for deleted in posts[3:50:4]:
        await db.delete(deleted)
    for hidden in posts[1::7]:
        hidden.hidden_at = now()
    for moved in posts[2::9]:
        moved.published_at = first + timedelta(days=moved.id)
    await db.commit()
    left = await db.scalars(select(Post).where(Post.hidden_at.is_(None)))
    in_order = sorted(left, key=lambda post: (post.published_at, post.id), reverse=True)
    visible = [post.id for post in in_order]
    pages = [visible[start : start + 10] for start in range(0, len(visible), 10)]
    cursors = dict.fromkeys((queries.NEWEST, queries.BY_AUTHOR, queries.TIMELINE), "")
    for number, expected in enumerate(pages, start=1):
        for posts_list, cursor in cursors.items():
            page = await posts_list.cards(db, PageRequest(number, 10), susan.id)
            assert [post.id for post in page.rows] == expected
            assert page.last_number == len(pages)
            assert page.has_next == (number < len(pages))
            page = await posts_list.cards(db, CursorRequest(10, cursor), susan.id)
            assert [post.id for post in page.rows] == expected
            cursors[posts_list] = page.next_cursor or ""
    assert set(cursors.values()) == {""}


async def test_page_500_reads_hardly_more_of_the_database_than_page_1(
    app: Broadside, browser: Browser, own_engine: AsyncEngine, susan: User
) -> None:
    """Of a site with a hundred posts a day: at most 1.3 times as many blocks."""
    await fill(own_engine, susan, days=101, a_day=100)
    read = {}
    for number in (1, 2, 250, 500):
        with counted_blocks(app, beside_rows=False) as counted:
            page = await browser.get(f"/?page={number}")
        assert page.text.count("<article") == 20
        read[number] = sum(counted.values())
    assert max(read.values()) <= 1.3 * read[1], read


async def fill(engine: AsyncEngine, author: User, days: int, a_day: int) -> None:
    """Let somebody write so many posts on each of the last days."""
    posts = text(
        "INSERT INTO posts (author_id, body, body_html, renderer_version, published_at) "
        "SELECT :author, 'x', '<p>x</p>', 1, now() - make_interval(secs => n * 86400.0 / :a_day) "
        "FROM generate_series(1, :posts) AS n"
    )
    values = {"author": author.id, "a_day": a_day, "posts": days * a_day}
    async with engine.begin() as connection:
        await connection.execute(posts, values)
    engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("VACUUM ANALYZE posts, users, post_days"))


async def test_a_hidden_post_is_in_no_list_and_not_counted(
    susans_browser: Browser, db: AsyncSession, susan: User
) -> None:
    hidden, _shown = await add_posts(db, susan, 2)
    hidden.hidden_at = now()
    await db.commit()
    for address in ("/", "/user/susan"):
        page = (await susans_browser.get(address)).text
        assert "<p>Post 1</p>" not in page
        assert "<p>Post 2</p>" in page
    assert (await db.get_one(User, susan.id, populate_existing=True)).post_count == 1


async def test_the_followed_tab_shows_the_readers_own_posts_and_those_of_people_they_follow(
    susans_browser: Browser, db: AsyncSession, susan: User, make_user: MakeUser
) -> None:
    david, maud = await make_user("david"), await make_user("maud")
    db.add(Follow(follower_id=susan.id, followed_id=david.id))
    for author in (david, maud, susan):
        db.add(
            Post(
                author_id=author.id,
                body="x",
                body_html=f"<p>by {author.username}</p>",
                renderer_version=1,
            )
        )
        await db.commit()
    answer = await susans_browser.get("/followed")
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    assert "Max-Age=2592000" in answer.headers["set-cookie"]
    page = (await susans_browser.get("/")).text
    assert page.index("by susan") < page.index("by david")
    assert "by maud" not in page

    await susans_browser.get("/all")
    assert "by maud" in (await susans_browser.get("/")).text


async def test_who_follows_many_sees_all_their_posts_in_order_and_nobody_elses(
    db: AsyncSession, susan: User
) -> None:
    people = await db.scalars(
        insert(User).returning(User.id),
        [
            {"username": f"p{n}", "email": f"p{n}@example.com", "password_hash": "-", "role_id": 1}
            for n in range(2 * (queries.MANY_AUTHORS + 10))
        ],
    )
    ids = people.all()
    followed = ids[::2]
    await db.execute(
        insert(Follow), [{"follower_id": susan.id, "followed_id": i} for i in followed]
    )
    text = {"body": "x", "body_html": "x", "renderer_version": 1}
    posts = await db.execute(
        insert(Post).returning(Post.id, Post.author_id), [{"author_id": i, **text} for i in ids]
    )
    theirs = sorted((post.id for post in posts if post.author_id in followed), reverse=True)
    await db.commit()
    pages = [await queries.TIMELINE.cards(db, PageRequest(n, 25), susan.id) for n in (1, 2, 3, 4)]
    assert [post.id for page in pages for post in page.rows] == theirs
    assert [page.has_next for page in pages] == [True, True, False, False]


async def test_an_empty_followed_tab_says_what_to_do_next(susans_browser: Browser) -> None:
    await susans_browser.get("/followed")
    page = (await susans_browser.get("/")).text
    assert "No posts from people or tags you follow" in page
    assert 'href="/all"' in page


async def test_the_followed_tab_is_for_people_with_an_account(browser: Browser) -> None:
    answer = await browser.get("/followed")
    assert answer.headers["location"] == "/auth/login?next=/followed"
    assert "Whose posts" not in (await browser.get("/")).text


async def test_lists_are_read_without_the_orm(db: AsyncSession, susan: User) -> None:
    """A single column of a mapped class in a list makes it a query of the ORM, twice as slow."""
    await add_posts(db, susan, 3)
    by_orm: list[bool] = []
    event.listen(db.sync_session, "do_orm_execute", lambda run: by_orm.append(run.is_orm_statement))
    for posts, of in (
        (queries.NEWEST, None),
        (queries.BY_AUTHOR, susan.id),
        (queries.TIMELINE, susan.id),
    ):
        for read in (posts.cards, posts.texts, posts.summaries):
            for wanted in (PageRequest(1, 2), CursorRequest(2)):
                assert (await read(db, wanted, of)).rows
    assert len(by_orm) >= 18
    assert not any(by_orm)


async def test_a_cursor_behind_the_last_post_leads_back_to_the_first_page(
    susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    (post,) = await add_posts(db, susan, 1)
    cursor = NEWEST_FIRST.cursor(post.published_at, post.id)
    for address in ("/", "/user/susan"):
        page = await susans_browser.get(f"{address}?before={cursor}")
        assert page.status_code == 200
        assert "No older posts" in page.text
