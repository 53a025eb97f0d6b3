"""The tables of a simulation, filled by COPY."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from blog.core.errors import BlogError
from blog.demo.loading import copy_rows
from blog.demo.people import DOMAIN
from blog.demo.simulation import SCHEMA, shape
from blog.demo.simulation.shape import Shape
from blog.models import User

TABLES = ("users", "follows", "posts")
# An arbitrary key: one simulation at a time.
LOCK = 0x73696D75
# How many entries a person initially has, on average.
ENTRIES = 10
# How full an index is after long use, in percent.
FILL = 70
# The entry of a post in the timeline of a follower. The author is needed for unfollowing.
_ENTRIES = f"""
    CREATE TABLE {SCHEMA}.timeline_entries (
        reader_id bigint NOT NULL, published_at timestamptz NOT NULL, post_id bigint NOT NULL,
        author_id bigint NOT NULL)
"""
_RECENT = """
    INSERT INTO timeline_entries
    SELECT follower_id, published_at, posts.id, author_id
    FROM posts JOIN follows ON followed_id = author_id WHERE posts.id >= :first
"""
# The readers that are measured have all entries that a first page may need.
_OLDER = """
    INSERT INTO timeline_entries
    SELECT follower_id, published_at, post.id, followed_id
    FROM follows CROSS JOIN LATERAL (
        SELECT id, published_at FROM posts WHERE author_id = followed_id AND id < :first
        ORDER BY published_at DESC, id DESC LIMIT 50) AS post
    WHERE follower_id = ANY(CAST(:readers AS bigint[]))
"""


class SimulationError(BlogError):
    """A simulation isn't possible here; the message is one line."""


async def refuse_used_site(connection: AsyncConnection) -> None:
    """Refuse a database that is in use, or that doesn't allow a simulation.

    Raises:
        SimulationError: it has users other than those of the demo, its tables are in the schema
            that a simulation drops, or the role lacks a privilege.
    """
    of_demo = User.email.endswith(f"@{DOMAIN}", autoescape=True)
    if await connection.scalar(select(User.id).where(~of_demo).limit(1)) is not None:
        raise SimulationError("this site has users: a simulation needs an empty or a demo site")
    if await connection.scalar(select(func.to_regclass(f"{SCHEMA}.alembic_version"))) is not None:
        raise SimulationError(f"the site is in the schema {SCHEMA}, which a simulation drops")
    may = select(
        func.has_database_privilege(func.current_database(), "CREATE"),
        func.pg_has_role("pg_checkpoint", "USAGE"),
    )
    if not all((await connection.execute(may)).one()):
        raise SimulationError(
            "the role of DATABASE_URL needs CREATE on the database, and the role pg_checkpoint"
        )


@asynccontextmanager
async def simulation_schema(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Create the schema, and open an autocommitting connection for it.

    The schema is dropped at the end; if a killed process has left one, it is dropped at the start.

    Raises:
        SimulationError: another simulation is running.
    """
    drop = text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    autocommitting = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with autocommitting.connect() as lock_connection:
        if not await lock_connection.scalar(select(func.pg_try_advisory_lock(LOCK))):
            raise SimulationError("there is another simulation in this database")
        await lock_connection.execute(drop)
        await lock_connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        try:
            async with autocommitting.connect() as connection:
                try:
                    yield connection
                finally:
                    # Its search path was changed, so nobody else may get this connection.
                    await connection.invalidate()
        finally:
            await lock_connection.execute(drop)
            await lock_connection.scalar(select(func.pg_advisory_unlock(LOCK)))


async def load(connection: AsyncConnection, rows: Shape, report: Callable[[str], None]) -> None:
    """Create and fill the tables, with the indexes of the site's tables except those for searches.

    Args:
        connection: a connection from `simulation_schema`.
        rows: the rows.
        report: called with a line about each step.
    """
    indexes = await _create_tables(connection)
    path = await connection.scalar(text("SHOW search_path"))
    # Without the schema of the site, where a missing table must not be found.
    await connection.execute(text(f"SET search_path = {SCHEMA}"))
    for table, columns, records in (
        ("follows", shape.FOLLOW_COLUMNS, rows.follows()),
        ("posts", shape.POST_COLUMNS, rows.posts()),
        ("users", shape.USER_COLUMNS, rows.people()),
    ):
        number = await copy_rows(connection, table, columns, records, schema=SCHEMA)
        for index in indexes[table]:
            await connection.execute(text(index))
        report(f"{number:,} {'people' if table == 'users' else table}")
    await connection.execute(text(f"VACUUM (ANALYZE) {', '.join(TABLES)}"))
    report(f"{await _store_entries(connection, rows):,} entries of timelines")
    await connection.execute(text(f"SET search_path = {SCHEMA}, {path}"))


async def _create_tables(connection: AsyncConnection) -> dict[str, list[str]]:
    """Create the tables, and return the statements that create their indexes."""
    indexes: dict[str, list[str]] = {}
    for table in TABLES:
        await connection.execute(text(
            f"CREATE UNLOGGED TABLE {SCHEMA}.{table} "
            f"(LIKE {table} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE)"
        ))  # fmt: skip
        definitions = await connection.scalars(
            text("SELECT pg_get_indexdef(indexrelid) FROM pg_index "
                 "WHERE indrelid = CAST(:table AS regclass) AND indexprs IS NULL"),
            {"table": table},
        )  # fmt: skip
        indexes[table] = [
            f"CREATE INDEX ON {SCHEMA}.{table} USING {definition.partition(' USING ')[2]}"
            for definition in definitions
        ]
    return indexes


async def _store_entries(connection: AsyncConnection, rows: Shape) -> int:
    first = rows.first_recent_post(ENTRIES * (len(rows.post_count) - 1))
    readers = [reader for ids in rows.readers.values() for reader in ids]
    await connection.execute(text(_ENTRIES))
    recent = await connection.execute(text(_RECENT), {"first": first})
    older = await connection.execute(text(_OLDER), {"first": first, "readers": readers})
    await connection.execute(text(
        f"CREATE UNIQUE INDEX ON timeline_entries (reader_id, published_at, post_id) "
        f"WITH (fillfactor = {FILL})"
    ))  # fmt: skip
    await connection.execute(text("VACUUM (ANALYZE) timeline_entries"))
    return recent.rowcount + older.rowcount
