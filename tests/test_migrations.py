"""Migrations run while the site is in use, one revision after another, in one process at a time."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from blog.cli.deploy import migrate
from blog.core.db import migrations
from blog.core.db.database import Database
from blog.core.db.migrations import SchemaState
from blog.posts.counts import KEPT_COUNTS, wrong_counts
from tests.databases import create_database, drop_database, wait_for_a_lock
from tests.servers import until

pytestmark = pytest.mark.live

PROJECT = Path(__file__).resolve().parents[1]
COUNTED_IN_RANGES = "f52a7be3d184"
BEFORE_MEASURES = "a7d3f05e6c18"


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Database]:
    """An open database with the newest schema."""
    database = Database(await create_database(database_url, "migrated"), Path())
    await database.open()
    yield database
    await database.close()
    await drop_database(database_url, "migrated")


async def run(database: Database, direction: str, revision: str) -> None:
    """`alembic upgrade` or `alembic downgrade`."""

    def in_alembic(connection: Connection) -> None:
        configuration = Config(PROJECT / "alembic.ini")
        configuration.attributes["connection"] = connection
        getattr(command, direction)(configuration, revision)

    async with database.engine.connect() as connection:
        await connection.run_sync(in_alembic)


async def is_current(database: Database) -> bool:
    async with database.engine.connect() as connection:
        return await connection.run_sync(migrations.state) is SchemaState.CURRENT


async def test_every_migration_can_be_undone_and_done_again(site: Database) -> None:
    await run(site, "downgrade", "base")
    async with site.engine.connect() as connection:
        left = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert list(await connection.scalars(left)) == ["alembic_version"]
        types = text(
            "SELECT typname FROM pg_type "
            "WHERE typtype = 'e' AND typnamespace = 'public'::regnamespace"
        )
        assert list(await connection.scalars(types)) == []
    await run(site, "upgrade", "head")
    assert await is_current(site)


async def test_a_migration_gives_up_a_lock_that_others_hold_and_tries_again(
    site: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # To undo what is newer drops indexes, which waits for longer than this.
    await run(site, "downgrade", COUNTED_IN_RANGES)
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "100ms")
    monkeypatch.setattr(migrations, "PAUSE_SECONDS", 0.0)
    async with site.engine.connect() as reader:
        await reader.execute(text("SELECT count(*) FROM posts"))
        undoing = asyncio.create_task(run(site, "downgrade", "base"))
        await wait_for_a_lock(site, 1)
        # Others who come after it wait for no longer than it does.
        async with site.engine.connect() as other:
            await asyncio.wait_for(other.execute(text("SELECT count(*) FROM posts")), 20)

        async def has_given_up() -> bool:
            return "a migration timed out waiting for a lock" in caplog.text

        await until(has_given_up)
        await reader.rollback()
        await undoing
    await migrate(site)
    assert await is_current(site)


async def test_a_process_that_waits_for_its_turn_holds_up_no_index_that_is_being_built(
    site: Database,
) -> None:
    """It would, if it waited inside a transaction."""
    async with site.engine.connect() as first, site.engine.connect() as second:

        def build_index(connection: Connection) -> None:
            with migrations.migration_lock(connection):
                nonlocal waiting
                waiting = loop.call_soon_threadsafe(asyncio.create_task, migrate_as_second())
                connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.execute(text("CREATE INDEX CONCURRENTLY ix_new ON users (name)"))

        loop, waiting = asyncio.get_running_loop(), None
        done = asyncio.Event()

        async def migrate_as_second() -> None:
            await second.run_sync(migrations.upgrade)
            done.set()

        await asyncio.wait_for(first.run_sync(build_index), 20)
        await asyncio.wait_for(done.wait(), 20)


async def test_an_index_is_built_though_an_older_transaction_takes_longer_than_a_lock_may(
    site: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "1ms")
    monkeypatch.setattr(migrations, "ATTEMPTS", 1)
    async with site.engine.connect() as older, site.engine.connect() as connection:
        await older.execute(text("INSERT INTO account_deletions SELECT 1 WHERE false"))

        def build_index(connection: Connection) -> str | None:
            with migrations.migration_lock(connection):
                connection.execution_options(isolation_level="AUTOCOMMIT")
                build = text("CREATE INDEX CONCURRENTLY ix_new ON account_deletions (attempts)")
                migrations.run_with_retries(connection, lambda: connection.execute(build))
                return connection.scalar(text("SHOW lock_timeout"))

        building = asyncio.create_task(connection.run_sync(build_index))
        await wait_for_a_lock(site, 1)
        # It goes on waiting, though others ask for locks that it would have given up long ago.
        async with site.engine.connect() as writer:
            await writer.execute(text("UPDATE account_deletions SET attempts = 0"))
        await older.commit()
        assert await building == "1ms"


NEW_USER = text(
    "INSERT INTO users (username, email, password_hash, role_id) "
    "SELECT given, given || '@example.com', '', (SELECT min(id) FROM roles) "
    "FROM unnest(CAST(:names AS text[])) AS given ORDER BY given"
)
WRONG = (
    "UPDATE users SET post_count = 7, follower_count = follower_count + 1",
    "UPDATE users SET following_count = 9 WHERE id = 1",
    "UPDATE posts SET comment_count = 5",
    "DELETE FROM post_blocks",
    "UPDATE user_blocks SET visible = visible - 1",
    "INSERT INTO comment_blocks VALUES (3, 4)",
)


async def test_who_registers_while_people_are_counted_first_is_counted(
    site: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of somebody whose transaction is open, the count does not know, nor does a trigger yet."""
    monkeypatch.setattr(migrations, "PAUSE_SECONDS", 0.0)
    await run(site, "downgrade", "3c94d1f6e827")
    async with site.engine.connect() as registering:
        await registering.execute(NEW_USER, {"names": ["susan", "david"]})
        counting = asyncio.create_task(run(site, "upgrade", "2f9c6d81b3a5"))
        await wait_for_a_lock(site, 1)
        await registering.commit()
        await counting
    async with site.engine.connect() as connection:
        assert await connection.scalar(text("SELECT sum(visible) FROM user_blocks")) == 2


async def test_counts_that_were_wrong_before_are_repaired_once(site: Database) -> None:
    await run(site, "downgrade", "e81f5a3c9d27")
    async with site.engine.begin() as connection:
        await connection.execute(NEW_USER, {"names": ["susan", "david"]})
        await connection.execute(
            text(
                "INSERT INTO posts (author_id, body, body_html, renderer_version, hidden_at) "
                "VALUES (1, '', '', 1, NULL), (2, '', '', 1, NULL), (1, '', '', 1, now())"
            )
        )
        await connection.execute(
            text(
                "INSERT INTO comments (post_id, author_id, body, body_html, renderer_version) "
                "VALUES (1, 2, '', '', 1)"
            )
        )
        await connection.execute(text("INSERT INTO follows VALUES (1, 2), (2, 1)"))
        for statement in WRONG:
            await connection.execute(text(statement))
    await migrate(site)
    async with site.session() as session:
        assert await wrong_counts(session) == {kept.name: 0 for kept in KEPT_COUNTS}


async def test_posts_of_limited_people_are_counted_again_when_there_are_no_measures_any_more(
    site: Database,
) -> None:
    async with site.engine.begin() as connection:
        await connection.execute(NEW_USER, {"names": ["susan", "david", "maud"]})
        await connection.execute(
            text(
                "INSERT INTO posts (author_id, body, body_html, renderer_version, published_at)"
                " SELECT n % 3 + 1, '', '', 1, now() FROM generate_series(1, 9) AS n"
            )
        )
        await connection.execute(text("UPDATE users SET limited_at = now() WHERE id > 1"))
    async with site.engine.connect() as connection:
        counted = text("SELECT sum(visible) FROM post_days")
        assert await connection.scalar(counted) == 3
    await run(site, "downgrade", BEFORE_MEASURES)
    async with site.engine.connect() as connection:
        assert await connection.scalar(counted) == 9
    await migrate(site)
    async with site.session() as session:
        assert await wrong_counts(session) == {kept.name: 0 for kept in KEPT_COUNTS}
