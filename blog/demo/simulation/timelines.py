"""The two kinds of timelines, and their costs according to PostgreSQL."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    MetaData,
    Table,
    event,
    null,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from blog.core.db.pagination import LIMIT, OFFSET, PageRequest
from blog.models import Post
from blog.posts.lists import PostList
from blog.posts.queries import IS_LISTED, OF

# The number of posts on a page.
POSTS = 20
# How many entries a statement of the job adds, so that its locks and its transaction stay short.
BATCH = 10_000
_ENTRY = Table(
    "timeline_entries", MetaData(),
    Column("reader_id", BigInteger), Column("published_at", DateTime(timezone=True)),
    Column("post_id", BigInteger),
).c  # fmt: skip
_POST = Post.__table__.c
# The same cards as `FOLLOWED` for a reader without followed tags, from their entries.
STORED = PostList(
    select(_POST.id).where(IS_LISTED),
    select(null()).scalar_subquery(),
    by_number=select(_POST.id)
    .join_from(_ENTRY.post_id.table, Post.__table__, _ENTRY.post_id == _POST.id)
    .where(_ENTRY.reader_id == OF, IS_LISTED)
    .order_by(_ENTRY.published_at.desc(), _ENTRY.post_id.desc())
    .limit(LIMIT)
    .offset(OFFSET),
)
_STORE = text("""
    EXPLAIN (ANALYZE, BUFFERS, WAL, FORMAT JSON)
    INSERT INTO timeline_entries (reader_id, published_at, post_id, author_id)
    SELECT follower_id, CAST(:published_at AS timestamptz), CAST(:post AS bigint), followed_id
    FROM follows WHERE followed_id = :author
        AND (created_at, follower_id) >= (CAST(:time AS timestamptz), CAST(:follower AS bigint))
    ORDER BY created_at, follower_id LIMIT :batch
""")
# Where each batch starts. A job would know that from the previous statement.
_BATCHES = text("""
    SELECT created_at, follower_id FROM (
        SELECT *, row_number() OVER (ORDER BY created_at, follower_id) AS place
        FROM follows WHERE followed_id = :author) AS follow
    WHERE place % :batch = 1 ORDER BY place
""")


class Cost(NamedTuple):
    """The cost of statements.

    Attributes:
        statements: the number of statements.
        milliseconds: the execution time in PostgreSQL.
        blocks: the number of accessed blocks of tables and indexes, in memory or not.
        rows: the number of written rows.
        log: the size of the write-ahead log, in bytes.
    """

    statements: int = 0
    milliseconds: float = 0
    blocks: int = 0
    rows: int = 0
    log: int = 0

    def plus(self, explained: dict[str, Any], rows: int = 0) -> "Cost":
        """Add the cost of another statement, as `EXPLAIN` has described it."""
        plan = explained["Plan"]
        return Cost(
            self.statements + 1,
            self.milliseconds + explained["Execution Time"],
            self.blocks + plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
            self.rows + rows,
            self.log + plan["WAL Bytes"],
        )


async def first_page_ids(connection: AsyncConnection, timeline: PostList, reader: int) -> list[int]:
    """The ids of the posts on the first page."""
    page = await timeline.cards(AsyncSession(connection), PageRequest(1, POSTS), of=reader)
    return [card.id for card in page.rows]


async def measure_reading(connection: AsyncConnection, timeline: PostList, reader: int) -> Cost:
    """Measure the cost of the first page of a timeline: `FOLLOWED`, or `STORED`."""
    recorded: list[tuple[str, Any]] = []

    def record(
        _connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> None:
        recorded.append((statement, parameters))

    engine = connection.sync_connection
    event.listen(engine, "before_cursor_execute", record)
    await first_page_ids(connection, timeline, reader)
    event.remove(engine, "before_cursor_execute", record)
    cost = Cost()
    for statement, parameters in recorded:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, WAL, FORMAT JSON) {statement}"
        found = await connection.exec_driver_sql(explain, parameters)
        [explained] = found.scalar_one()
        cost = cost.plus(explained)
    return cost


async def measure_storing(
    connection: AsyncConnection, author: int, post: int, published_at: datetime
) -> Cost:
    """Measure the cost of storing the entries of a post for all followers of the author."""
    cost = Cost()
    batches = (await connection.execute(_BATCHES, {"author": author, "batch": BATCH})).all()
    for time, follower in batches:
        values = {
            "author": author, "post": post, "published_at": published_at, "time": time,
            "follower": follower, "batch": BATCH,
        }  # fmt: skip
        [explained] = (await connection.execute(_STORE, values)).scalar_one()
        [source] = explained["Plan"]["Plans"]
        cost = cost.plus(explained, rows=round(source["Actual Rows"]))
    return cost
