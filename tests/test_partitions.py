"""A populated site whose posts and comments are divided by month shows and keeps the same."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.partitioning import divide, months_of, validate
from benchmarks.plans import statements_of
from blog import create_app
from blog.core.crypto.passwords import Passwords
from blog.core.db.database import Database
from blog.core.web.app import Broadside
from blog.demo.history import Sizes
from blog.demo.loading import load
from blog.posts.counts import wrong_counts
from settings import Settings
from tests.databases import create_database
from tests.support import Browser, add_user

SIZES = Sizes(users=30, posts=200, comments=400, follows=300)
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
PAGES = (
    "/", "/?page=5", "/archive", "/explore?order=newest", "/people", "/tags", "/feed.atom",
    "/sitemap.xml", "/search?q=the", "/search?q=the+in:comments",
)  # fmt: skip


@pytest.fixture(scope="module", params=["copied", "as_they_are"])
async def site(
    request: pytest.FixtureRequest, database_url: str, make_settings: Callable[..., Settings]
) -> AsyncIterator[tuple[Broadside, dict[str, str]]]:
    """An application whose posts and comments are divided, and its pages from before."""
    url = await create_database(database_url, f"divided_{request.param}")
    app = create_app(make_settings(database_url=url))
    app.passwords = Passwords(time_cost=1, memory_kib=8)
    await app.database.open()
    await load(app.database, SIZES, seed=1, password_hash="", until=UNTIL)
    await app.database.close()
    async with app.test_app(), Browser(app) as browser:
        before = {page: (await browser.get(page)).text for page in await addresses(app)}
        await app.database.engine.dispose()
        await app.database.reading_engine.dispose()
        engine = create_async_engine(url)
        await divide_all(engine, is_copied=request.param == "copied")
        await engine.dispose()
        yield app, before


async def divide_all(engine: AsyncEngine, *, is_copied: bool) -> None:
    for table in ("posts", "comments"):
        async with engine.begin() as connection:
            bounds = await months_of(connection, table) if is_copied else None
            keys = await divide(connection, table, bounds)
        async with engine.begin() as connection:
            await validate(connection, keys)


async def addresses(app: Broadside) -> list[str]:
    """Pages that list posts and comments, or show one."""
    async with app.database.session() as session:
        most = text("SELECT id FROM posts WHERE status = 'published' ORDER BY comment_count DESC")
        post = await session.scalar(most)
    return [*PAGES, f"/post/{post}"]


async def test_a_divided_site_shows_the_same_and_writes_and_counts_as_before(
    site: tuple[Broadside, dict[str, str]],
) -> None:
    app, before = site
    await add_user(app, "newcomer")
    async with Browser(app) as stranger:
        for page, shown in before.items():
            answer = await stranger.get(page, follow_redirects=True)
            if page != "/people":
                assert answer.text == shown, page
    async with Browser(app) as browser:
        await browser.open_session("newcomer")
        form = {"body": "Written after the division", "submission": "a-token"}
        for _ in range(2):
            assert (await browser.submit("/", form)).status_code == 302
        async with app.database.session() as session:
            found = await session.execute(
                text("SELECT id, tableoid::regclass::text FROM posts WHERE body = :body"), form
            )
            ((post, part),) = found
        assert part.startswith("posts_")
        answer = await browser.submit(
            f"/post/{post}", {"body": "A comment", "submission": "b"}, page=f"/post/{post}"
        )
        assert answer.status_code == 302, answer.text
        assert "A comment" in (await browser.get(answer.headers["Location"])).text
        assert (await browser.submit(f"/delete/{post}", page=f"/post/{post}")).status_code == 302
    async with app.database.session() as session:
        counts = await wrong_counts(session)
        left = await session.scalar(
            text("SELECT count(*) FROM comments WHERE post_id = :post"), {"post": post}
        )
    assert not any(counts.values()), counts
    assert left == 0


async def test_a_page_of_comments_looks_up_those_it_shows_and_no_others(
    site: tuple[Broadside, dict[str, str]],
) -> None:
    app, _ = site
    address = (await addresses(app))[-1]
    async with Browser(app) as browser:
        statements = await statements_of(app, browser, address)
        shown = (await browser.get(address)).text.count('<article class="comment')
    (statement,) = [each for each in statements if each[0].startswith("WITH shown")]
    async with app.database.engine.connect() as connection:
        # So few comments would otherwise be read as a whole.
        await connection.execute(text("SET enable_seqscan = off"))
        sql, parameters = statement
        explained = await connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", parameters
        )
        (plan,) = explained.scalar_one()
        await connection.invalidate()
    # Each is found by the index and looked up, and so is what it replies to. One more than shown
    # tells of a next page.
    assert 0 < rows_read(plan["Plan"]) <= 3 * (shown + 1)


def rows_read(plan: dict[str, Any]) -> float:
    """How many rows of comments a plan has looked at."""
    rows = 0.0
    if plan.get("Relation Name", "").startswith("comments"):
        each = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        rows = each * plan["Actual Loops"]
    return rows + sum(map(rows_read, plan.get("Plans", [])))


async def test_foreign_keys_and_unique_keys_still_hold(
    site: tuple[Broadside, dict[str, str]],
) -> None:
    app, _ = site
    values = "author_id, body, body_html, renderer_version"
    with pytest.raises(IntegrityError, match="fk_comments_post_id"):
        await execute(
            app.database,
            f"INSERT INTO comments (post_id, {values}) "
            "SELECT 999999999, id, '', '', 0 FROM users LIMIT 1",
        )
    one, two = "(SELECT min(id) FROM posts)", "(SELECT max(id) FROM posts)"
    author = f"(SELECT author_id FROM posts WHERE id = {one})"
    await execute(app.database, f"UPDATE posts SET author_id = {author} WHERE id = {two}")
    await execute(app.database, f"UPDATE posts SET slug = 'one' WHERE id = {one}")
    with pytest.raises(IntegrityError, match="uq_posts_slug"):
        await execute(app.database, f"UPDATE posts SET slug = 'one' WHERE id = {two}")
    key = "00000000-0000-0000-0000-000000000001"
    insert = (
        f"INSERT INTO posts ({values}, submission) "
        f"SELECT author_id, '', '', 0, '{key}' FROM posts LIMIT 1 ON CONFLICT DO NOTHING"
    )
    assert [await execute(app.database, insert) for _ in range(2)] == [1, 0]
    assert await execute(app.database, f"DELETE FROM posts WHERE submission = '{key}'") == 1
    assert await execute(app.database, insert) == 1


async def execute(database: Database, statement: str) -> int:
    """Run a statement in a transaction of its own; the number of its rows."""
    async with database.session() as session:
        result = await session.execute(text(statement))
        await session.commit()
    return result.rowcount  # type: ignore[attr-defined, no-any-return]
