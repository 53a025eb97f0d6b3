"""Indexing posts that no trigger has indexed: those from before there was a search, and those of
the demo."""

from collections.abc import AsyncIterator, Sequence
from typing import cast

from sqlalchemy import ARRAY, BigInteger, Table, bindparam, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateIndex, DropIndex

from blog.core.db.database import Database
from blog.models import Post, PostSearch

# How many ids a statement looks through, so that it is short where all posts are indexed.
WINDOW = 10_000
# How many posts a statement indexes that were loaded at once; and from how many on the index of a
# new site is built afterwards, which takes a fraction of the time.
CHUNK, MANY = 10_000, 50_000

WORDS = "ix_post_search_document"
_TABLE = cast(Table, PostSearch.__table__)
_INDEX = text("SELECT index_posts(:ids)").bindparams(bindparam("ids", type_=ARRAY(BigInteger)))


async def index_posts(session: AsyncSession, ids: Sequence[int]) -> None:
    """Index these posts; the caller commits.

    They are locked first, in a statement of its own: what it waits for is seen by the next one.
    """
    posts = select(Post.id).where(Post.id.in_(ids)).order_by(Post.id)
    locked = (await session.scalars(posts.with_for_update(key_share=True))).all()
    await session.execute(_INDEX, {"ids": locked})


async def index_loaded_posts(session: AsyncSession, ids: Sequence[int]) -> None:
    """Index posts that the same transaction has written while triggers were disabled.

    If there are many and no others, nobody else can write a post until the end of the transaction.
    """
    (index,) = (each for each in _TABLE.indexes if each.name == WORDS)
    is_new = not await session.scalar(select(exists(select(PostSearch.post_id))))
    is_built_afterwards = is_new and len(ids) >= MANY
    if is_built_afterwards:
        await session.execute(DropIndex(index))
    for start in range(0, len(ids), CHUNK):
        await session.execute(_INDEX, {"ids": ids[start : start + CHUNK]})
    if is_built_afterwards:
        await session.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
        await session.execute(CreateIndex(index))


async def index_old_posts(database: Database, *, batch: int, after: int = 0) -> AsyncIterator[int]:
    """Index posts that are not indexed, in the order of their ids.

    Args:
        database: an open database.
        batch: the number of posts of a transaction.
        after: the id of the post to start after.

    Yields:
        After each batch, the id up to which all posts are indexed.
    """
    async with database.session() as session:
        end = await session.scalar(select(func.max(Post.id))) or 0
    last = after
    while last < end:
        is_indexed = exists().where(PostSearch.post_id == Post.id)
        missing = (
            select(Post.id)
            .where(Post.id.between(last + 1, last + WINDOW), ~is_indexed)
            .order_by(Post.id)
            .limit(batch)
        )
        async with database.session() as session:
            ids = (await session.scalars(missing)).all()
            if ids:
                await index_posts(session, ids)
                await session.commit()
        last = ids[-1] if len(ids) == batch else min(last + WINDOW, end)
        yield last
