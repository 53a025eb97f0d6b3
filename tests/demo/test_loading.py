"""Loading demo data, also on a running site."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from blog.core.db.database import Database
from blog.core.web.app import Broadside
from blog.demo.history import Sizes
from blog.demo.loading import DemonstrationError, load, store_files
from blog.demo.pictures import draw
from blog.demo.rows import DRAFTS
from blog.search import indexing
from tests.support import PASSWORD, Browser

SIZES = Sizes(users=30, posts=200, comments=400, follows=300)
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)

WRONG_COUNTS = """
SELECT 'user', username FROM users AS u
    WHERE (post_count, follower_count, following_count) <> (
        (SELECT count(*) FROM posts WHERE author_id = u.id AND status = 'published'),
        (SELECT count(*) FROM follows WHERE followed_id = u.id),
        (SELECT count(*) FROM follows WHERE follower_id = u.id))
UNION ALL
SELECT 'post', id::text FROM posts AS p
    WHERE comment_count <> (SELECT count(*) FROM comments WHERE post_id = p.id)
        OR like_count <> (SELECT count(*) FROM post_likes WHERE post_id = p.id)
UNION ALL
SELECT 'reply', reply.id::text
    FROM comments AS reply LEFT JOIN comments AS above ON above.id = reply.parent_id
    WHERE reply.path IS DISTINCT FROM coalesce(above.path, ARRAY[above.id]) || reply.id
        AND reply.parent_id IS NOT NULL
        OR above.post_id <> reply.post_id OR (reply.parent_id IS NULL) <> (reply.path IS NULL)
UNION ALL
SELECT 'day', coalesce(day, published)::text FROM post_days FULL JOIN
    (SELECT (published_at AT TIME ZONE 'UTC')::date AS published, count(*) FROM posts
        WHERE status = 'published' AND published_at = created_at GROUP BY 1) AS real
    ON day = published
    WHERE visible IS DISTINCT FROM count
UNION ALL
SELECT 'range of comments', coalesce(number, block)::text FROM comment_ranges FULL JOIN
    (SELECT id / 4096 AS block, count(*) FROM comments GROUP BY 1) AS real ON number = block
    WHERE visible IS DISTINCT FROM count
UNION ALL
SELECT 'range of people', coalesce(number, block)::text FROM user_ranges FULL JOIN
    (SELECT id / 4096 AS block, count(*) FROM users GROUP BY 1) AS real ON number = block
    WHERE visible IS DISTINCT FROM count
"""
EVERYTHING = """
SELECT username, email, name, location, about_me, created_at, last_seen_at, post_count FROM users
    ORDER BY username;
SELECT username, title, slug, status, body, body_html, p.created_at, edited_at, comment_count,
    like_count FROM posts AS p JOIN users AS u ON u.id = author_id ORDER BY p.id;
SELECT username, c.body, c.created_at, c.edited_at
    FROM comments AS c JOIN users AS u ON u.id = author_id ORDER BY c.id;
SELECT one.username, other.username, f.created_at FROM follows AS f
    JOIN users AS one ON one.id = follower_id JOIN users AS other ON other.id = followed_id
    ORDER BY 1, 2
"""


async def load_into(database: Database, sizes: Sizes = SIZES, **changes: Any) -> None:
    """Load without the time limits of requests, as the command does."""
    arguments: dict[str, Any] = {"seed": 1, "password_hash": "none", "until": UNTIL}
    unlimited = Database(database.engine.url.render_as_string(hide_password=False), Path("unused"))
    await unlimited.open()
    try:
        await load(unlimited, sizes, **(arguments | changes))
    finally:
        await unlimited.close()


async def rows_of(app: Broadside, statements: str) -> list[Any]:
    async with app.database.engine.connect() as connection:
        return [
            tuple(row)
            for statement in statements.split(";")
            for row in await connection.execute(text(statement))
        ]


async def test_all_that_was_asked_for_is_there_and_counted(app: Broadside) -> None:
    stored: list[int] = []
    await load_into(app.database, progress=stored.append)
    assert sum(stored) == SIZES.rows
    for table, number in (vars(SIZES) | {"posts": SIZES.posts + DRAFTS}).items():
        assert await rows_of(app, f"SELECT count(*) FROM {table}") == [(number,)]
    assert await rows_of(app, WRONG_COUNTS) == []
    talk = (
        "SELECT count(parent_id), count(path[3]), (SELECT count(*) FROM post_likes) FROM comments"
    )
    ((replies, answers, likes),) = await rows_of(app, talk)
    assert 0 < answers < replies < SIZES.comments
    assert likes > SIZES.posts / 2
    kinds = "SELECT count(DISTINCT kind), max(created_at) FROM notifications"
    ((number, newest),) = await rows_of(app, kinds)
    assert number == 4, "comments, replies, likes and followers"
    assert newest < UNTIL


@pytest.mark.parametrize("many", [1, 1_000_000], ids=["built afterwards", "kept up"])
async def test_all_that_was_loaded_is_indexed(
    app: Broadside, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(indexing, "MANY", many)
    await load_into(app.database)
    missing = "SELECT id FROM posts WHERE id NOT IN (SELECT post_id FROM post_search)"
    assert await rows_of(app, missing) == []
    missing = "SELECT id FROM comments WHERE id NOT IN (SELECT comment_id FROM comment_search)"
    assert await rows_of(app, missing) == []
    words = indexing.POSTS.words
    index = f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{words}'::regclass"
    assert await rows_of(app, index) == [(True,)]
    found = "SELECT post_id FROM post_search WHERE document @@ search_query('the', '', '') LIMIT 1"
    assert len(await rows_of(app, found)) == 1


async def test_the_same_seed_gives_the_same_and_another_one_another(app: Broadside) -> None:
    async def loaded(seed: int) -> list[Any]:
        await load_into(app.database, seed=seed)
        rows = await rows_of(app, EVERYTHING)
        async with app.database.engine.begin() as connection:
            await connection.execute(
                text("TRUNCATE users, post_days, comment_ranges, user_ranges CASCADE")
            )
        return rows

    one, same, other = await loaded(1), await loaded(1), await loaded(2)
    assert one == same
    assert not set(one) & set(other) - {row for row in one if "@demo.example" in str(row)}


async def test_some_posts_have_a_title_and_a_tag_and_some_are_drafts(app: Broadside) -> None:
    await load_into(app.database)
    [(titled, tagged, drafts)] = await rows_of(
        app,
        "SELECT count(*) FILTER (WHERE title IS NOT NULL AND status = 'published'),"
        " (SELECT count(*) FROM post_tags), count(*) FILTER (WHERE status = 'draft') FROM posts",
    )
    assert (titled, drafts) == (tagged, DRAFTS)
    assert SIZES.posts / 20 < titled < SIZES.posts / 2


async def test_a_second_demonstration_is_refused_and_changes_nothing(app: Broadside) -> None:
    await load_into(app.database)
    before = await rows_of(app, EVERYTHING)
    with pytest.raises(DemonstrationError, match="the demo is already loaded"):
        await load_into(app.database)
    assert await rows_of(app, EVERYTHING) == before


async def test_one_of_two_concurrent_loads_is_refused(app: Broadside) -> None:
    answers = await asyncio.gather(
        load_into(app.database), load_into(app.database), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["DemonstrationError", "NoneType"]
    assert await rows_of(app, WRONG_COUNTS) == []


async def test_existing_users_keep_their_names_and_can_write_meanwhile(
    app: Broadside, make_user: Any, browser: Browser
) -> None:
    await make_user("Maya")
    await browser.log_in("maya@example.com")
    some_are_stored = asyncio.Event()
    loading = asyncio.create_task(
        load_into(app.database, progress=lambda rows: some_are_stored.set())
    )
    await some_are_stored.wait()
    answer = await browser.submit("/", {"body": "Written in the meantime"})
    assert answer.status_code == 302
    assert "Written in the meantime" in (await browser.get("/")).text
    await loading
    assert await rows_of(app, WRONG_COUNTS) == []
    founders = await rows_of(app, "SELECT email FROM users WHERE username ~* '^maya' ORDER BY id")
    assert founders == [("maya@example.com",), ("maya@demo.example",)]


async def test_a_name_that_is_taken_while_it_loads_is_said_in_one_line(
    app: Broadside, make_user: Any
) -> None:
    maya = await make_user("mayas_first_name")
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
    async with app.database.session() as session:
        await session.execute(
            text("UPDATE users SET username = 'maya' WHERE id = :id"), {"id": maya.id}
        )
        loading = asyncio.create_task(load_into(app.database))
        while await rows_of(app, waits) == [(0,)]:  # noqa: ASYNC110, a lock has no event
            await asyncio.sleep(0.01)
        await session.commit()
    with pytest.raises(DemonstrationError, match=r"taken meanwhile, try again: .*maya"):
        await loading
    assert await rows_of(app, "SELECT username FROM users") == [("maya",)]


async def test_nothing_is_left_of_one_that_is_interrupted(app: Broadside) -> None:
    some_are_stored = asyncio.Event()
    loading = asyncio.create_task(
        load_into(app.database, progress=lambda rows: some_are_stored.set())
    )
    await some_are_stored.wait()
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert await rows_of(app, "SELECT count(*) FROM users") == [(0,)]
    await load_into(app.database)


async def test_its_people_log_in_and_are_seen(app: Broadside, browser: Browser) -> None:
    await load_into(app.database, password_hash=await app.passwords.hash(PASSWORD))
    await browser.log_in("robin@demo.example")
    home = await browser.get("/")
    assert home.status_code == 200
    assert home.text.count("<article") == 20
    profile = await browser.get("/user/iris")
    assert "Iris Okafor" in profile.text


@pytest.fixture
async def database_of_no_superuser(app: Broadside, database_url: str) -> AsyncIterator[Database]:
    """The same database, as an ordinary user of the server reaches it."""
    role = "CREATE ROLE ordinary LOGIN IN ROLE pg_read_all_data, pg_write_all_data"
    async with app.database.engine.begin() as connection:
        await connection.execute(text(role))
    url = make_url(database_url).set(username="ordinary")
    database = Database(url.render_as_string(hide_password=False), Path("unused"))
    await database.open()
    yield database
    await database.close()
    async with app.database.engine.begin() as connection:
        await connection.execute(text("DROP ROLE ordinary"))


async def test_where_triggers_cannot_be_switched_off_they_count(
    app: Broadside, database_of_no_superuser: Database
) -> None:
    await load_into(database_of_no_superuser)
    assert await rows_of(app, "SELECT sum(post_count) FROM users") == [(SIZES.posts,)]
    assert await rows_of(app, WRONG_COUNTS) == []


@pytest.mark.parametrize("is_allowed", [True, False])
async def test_pictures_are_covers_and_figures_and_are_kept(
    app: Broadside, browser: Browser, monkeypatch: pytest.MonkeyPatch, is_allowed: bool
) -> None:
    if not is_allowed:

        async def not_off(_connection: object) -> bool:
            return False

        monkeypatch.setattr("blog.demo.loading._disable_triggers", not_off)
    pictures = draw(1, 5)
    await store_files(app.storage, pictures)
    await load_into(app.database, pictures=pictures)
    covers = "SELECT count(*) FROM posts WHERE cover_id IS NOT NULL"
    [(with_covers,)] = await rows_of(app, covers)
    assert SIZES.posts / 20 < with_covers < SIZES.posts / 3
    assert await rows_of(app, f"""
        {covers} AND author_id <> (SELECT owner_id FROM media WHERE media.id = cover_id)
    """) == [(0,)]  # fmt: skip
    figures = "SELECT id FROM posts WHERE body LIKE '%](/media/%' ORDER BY id"
    shown = await rows_of(app, figures)
    assert len(shown) > SIZES.posts / 20
    assert await rows_of(app, "SELECT post_id FROM post_media ORDER BY post_id") == shown
    page = await browser.get(f"/post/{shown[0][0]}")
    page = await browser.get(page.headers.get("location", f"/post/{shown[0][0]}"))
    assert "<figcaption>" in page.text
    for picture in pictures:
        for size in picture.variants:
            answer = await browser.get(f"/media/{picture.name}-{size.width}.webp")
            assert answer.content == picture.files[picture.variants.index(size)]
        assert picture.alt
        assert len(picture.files) == 3
    assert await rows_of(app, WRONG_COUNTS) == []


def test_the_same_seed_draws_the_same_pictures() -> None:
    assert draw(1, 2) == draw(1, 3)[:2]
    assert {picture.name for picture in draw(1, 2)}.isdisjoint({each.name for each in draw(2, 2)})
