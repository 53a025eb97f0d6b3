"""The two ways to a timeline, and what PostgreSQL says they cost."""

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

# Of a page.
POSTS = 20
# How many entries a statement of the job adds: its locks and its transaction stay short.
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
# Where each batch begins. A job would be told by the statement before.
_BATCHES = text("""
    SELECT created_at, follower_id FROM (
        SELECT *, row_number() OVER (ORDER BY created_at, follower_id) AS place
        FROM follows WHERE followed_id = :author) AS follow
    WHERE place % :batch = 1 ORDER BY place
""")


class Cost(NamedTuple):
    """What statements cost.

    Attributes:
        statements: how many there were.
        milliseconds: PostgreSQL's execution time.
        blocks: the pages of tables and indexes that were looked at, in memory or not.
        rows: how many were written.
        log: the bytes of the write-ahead log.
    """

    statements: int = 0
    milliseconds: float = 0
    blocks: int = 0
    rows: int = 0
    log: int = 0

    def plus(self, explained: dict[str, Any], rows: int = 0) -> "Cost":
        """With one more statement, as `EXPLAIN` has described it."""
        plan = explained["Plan"]
        return Cost(
            self.statements + 1,
            self.milliseconds + explained["Execution Time"],
            self.blocks + plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
            self.rows + rows,
            self.log + plan["WAL Bytes"],
        )


async def posts_of(connection: AsyncConnection, timeline: PostList, reader: int) -> list[int]:
    """The ids of the posts on the first page."""
    page = await timeline.cards(AsyncSession(connection), PageRequest(1, POSTS), of=reader)
    return [card.id for card in page.rows]


async def cost_of_reading(connection: AsyncConnection, timeline: PostList, reader: int) -> Cost:
    """What the first page of a timeline costs: `FOLLOWED` as it is, or `STORED`."""
    noted: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        noted.append((statement, given))

    engine = connection.sync_connection
    event.listen(engine, "before_cursor_execute", note)
    await posts_of(connection, timeline, reader)
    event.remove(engine, "before_cursor_execute", note)
    cost = Cost()
    for statement, given in noted:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, WAL, FORMAT JSON) {statement}"
        found = await connection.exec_driver_sql(explain, given)
        [explained] = found.scalar_one()
        cost = cost.plus(explained)
    return cost


async def cost_of_storing(
    connection: AsyncConnection, author: int, post: int, published_at: datetime
) -> Cost:
    """What it costs to store the entries of a post, for each of the author's followers."""
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
