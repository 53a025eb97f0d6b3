"""Index posts and comments that no trigger has indexed: those from before there was a search, and
those of the demo."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Table,
    TextClause,
    and_,
    bindparam,
    exists,
    func,
    select,
    text,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateIndex, DropIndex

from blog.core.db.database import Database
from blog.models import Comment, CommentSearch, Post, PostSearch

# Ids that a statement looks through, which keeps it short where all posts are indexed.
WINDOW = 10_000
# Rows that a statement indexes after a bulk load; and the number of rows from which the index of a
# new site is built afterwards, which takes a fraction of the time.
CHUNK, MANY = 10_000, 50_000


@dataclass(frozen=True)
class Index:
    """A kind of rows to index.

    Attributes:
        rows: the table of the rows.
        table, row_id: the table of the index, and its column with the id of the row.
        indexing: the statement that indexes the rows with some ids.
        words: the name of the inverted index.
        may_be_indexed: the condition for rows to be indexed.
    """

    rows: type[Post | Comment]
    table: Table
    row_id: Any
    indexing: TextClause
    words: str
    may_be_indexed: ColumnElement[bool]


def _index_statement(function: str) -> TextClause:
    return text(f"SELECT {function}(:ids)").bindparams(bindparam("ids", type_=ARRAY(BigInteger)))


POSTS = Index(
    Post, cast(Table, PostSearch.__table__), PostSearch.post_id, _index_statement("index_posts"),
    "ix_post_search_document", true(),
)  # fmt: skip
COMMENTS = Index(
    Comment, cast(Table, CommentSearch.__table__), CommentSearch.comment_id,
    _index_statement("index_comments"), "ix_comment_search_document",
    and_(Comment.author_id.is_not(None), Comment.disabled_at.is_(None)),
)  # fmt: skip


async def index_rows(session: AsyncSession, index: Index, ids: Sequence[int]) -> None:
    """Index these posts or comments; the caller commits.

    They are locked first, by a separate statement, so that the next one sees the changes that this
    one waits for.
    """
    rows = select(index.rows.id).where(index.rows.id.in_(ids)).order_by(index.rows.id)
    locked = (await session.scalars(rows.with_for_update(key_share=True))).all()
    await session.execute(index.indexing, {"ids": locked})


async def index_loaded(session: AsyncSession, index: Index, ids: Sequence[int]) -> None:
    """Index posts or comments that the same transaction wrote while triggers were disabled.

    If there are many, and no others, nobody else can write one until the end of the transaction.
    """
    (words,) = (each for each in index.table.indexes if each.name == index.words)
    is_new = not await session.scalar(select(exists(select(index.row_id))))
    is_built_afterwards = is_new and len(ids) >= MANY
    if is_built_afterwards:
        await session.execute(DropIndex(words))
    for start in range(0, len(ids), CHUNK):
        await session.execute(index.indexing, {"ids": ids[start : start + CHUNK]})
    if is_built_afterwards:
        await session.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        await session.execute(CreateIndex(words))


async def index_old(
    database: Database, index: Index, *, batch: int, after: int = 0
) -> AsyncIterator[int]:
    """Index posts or comments that are not indexed, in the order of their ids.

    Args:
        database: an open database.
        index: what to index.
        batch: the number of rows of a transaction.
        after: the id of the row to start after.

    Yields:
        After each batch, the id up to which all are indexed.
    """
    row_id = index.rows.id
    async with database.session() as session:
        end = await session.scalar(select(func.max(row_id))) or 0
    last = after
    while last < end:
        is_indexed = exists().where(index.row_id == row_id)
        missing = (
            select(row_id)
            .where(row_id.between(last + 1, last + WINDOW), index.may_be_indexed, ~is_indexed)
            .order_by(row_id)
            .limit(batch)
        )
        async with database.session() as session:
            ids = (await session.scalars(missing)).all()
            if ids:
                await index_rows(session, index, ids)
                await session.commit()
        last = ids[-1] if len(ids) == batch else min(last + WINDOW, end)
        yield last
