"""Reading posts. No list costs more because it is longer, or because a page is deep in it.

Lists are in the order of the ids, newest first. Each query finds the ids of its page in an
index alone, and reads only the rows of those: a post is too large to be passed over. Posts
that a moderator has hidden are in no list.
"""

from typing import Any

from sqlalchemy import CTE, BigInteger, ScalarSelect, Select, cast, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload

from blog.kit.blocks import ids_of_page, number_of_rows
from blog.kit.pagination import Page, PageRequest, only_page
from blog.models import Follow, Post, PostBlock, User

_is_visible = Post.hidden_at.is_(None)


async def newest(session: AsyncSession, wanted: PageRequest) -> Page[Post]:
    """Everybody's posts, newest first, with their authors. Page 40,000 takes the time of page 1."""
    ids = ids_of_page(Post, PostBlock, wanted, _is_visible)
    return await _page(session, ids, number_of_rows(PostBlock), wanted)


async def timeline(session: AsyncSession, reader: User, wanted: PageRequest) -> Page[Post]:
    """The posts of those whom `reader` follows and his own, newest first.

    The newest of each author are looked up in the index of his posts, and merged. To read
    the newest of everybody and pick out these authors' would take for ever for somebody who
    follows only people who rarely write.
    """
    author = authors_of_timeline(reader)
    theirs = (
        select(Post.id)
        .where(Post.author_id == author.c.id, _is_visible)
        .order_by(Post.id.desc())
        .limit(wanted.offset + wanted.limit)
        .lateral()
    )
    merged = select(theirs.c.id).join_from(author, theirs, literal(True))
    ids = only_page(merged.order_by(theirs.c.id.desc()), wanted)
    total = select(func.sum(author.c.post_count)).scalar_subquery()
    return await _page(session, ids, total, wanted)


def authors_of_timeline(reader: User) -> CTE:
    """Those whom `reader` follows and himself, as far as they have written, with their counts."""
    followed = select(Follow.followed_id).where(Follow.follower_id == reader.id)
    return (
        select(User.id, User.post_count)
        .where(User.id.in_(union_all(followed, select(literal(reader.id, BigInteger)))))
        .where(User.post_count > 0)
        .cte("author")
    )


async def posts_by(session: AsyncSession, author: User, wanted: PageRequest) -> Page[Post]:
    """The posts of one author, newest first."""
    theirs = select(Post.id).where(Post.author_id == author.id, _is_visible)
    ids = only_page(theirs.order_by(Post.id.desc()), wanted)
    total = select(User.post_count).where(User.id == author.id).scalar_subquery()
    return await _page(session, ids, total, wanted)


async def post_by_id(session: AsyncSession, post_id: int) -> Post | None:
    """One post with its author; who may read it is for the caller to ask."""
    return await session.scalar(
        select(Post).where(Post.id == post_id).options(joinedload(Post.author, innerjoin=True))
    )


async def _page(
    session: AsyncSession, ids: Select[int], total: ScalarSelect[Any], wanted: PageRequest
) -> Page[Post]:
    posts, count = await posts_and_count(session, ids, total)
    return Page.of(posts, wanted, count)


async def posts_and_count(
    session: AsyncSession, ids: Select[int], total: ScalarSelect[Any]
) -> tuple[list[Post], int]:
    """The posts with these ids, newest first, and what `total` counts, in one statement.

    Where there is no post there is no row to bring the number along; it is asked for then.
    """
    whole = cast(func.coalesce(total, 0), BigInteger)
    shown = ids.subquery("shown")
    rows = (
        await session.execute(
            select(Post, whole)
            .join_from(shown, Post, Post.id == shown.c.id)
            .join(Post.author)
            .options(contains_eager(Post.author))
            .order_by(Post.id.desc())
        )
    ).all()
    count = rows[0][1] if rows else await session.scalar(select(whole))
    return [row[0] for row in rows], count or 0
