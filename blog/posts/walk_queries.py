"""Reading posts in walks (`blog.kit.pagination.Walk`), for clients of the API.

The lists are those of `blog.posts.queries`, in the order of the ids, newest first: whoever goes
on below an id sees each post once that was there all along, whatever was written meanwhile.
"""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, ScalarSelect, Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.kit.blocks import number_of_rows
from blog.kit.cursors import id_cursor, parsed_id
from blog.kit.pagination import Stretch, Walk, only_first
from blog.models import Post, PostBlock, User
from blog.posts.queries import authors_of_timeline, posts_and_count


async def newest(session: AsyncSession, walk: Walk) -> Stretch[Post]:
    """Everybody's posts, with their authors."""
    ids = only_first(select(Post.id).where(*_behind(walk)).order_by(Post.id.desc()), walk.limit)
    return await _stretch(session, ids, number_of_rows(PostBlock), walk)


async def timeline(session: AsyncSession, reader: User, walk: Walk) -> Stretch[Post]:
    """The posts of those whom `reader` follows and his own, merged as on the numbered pages."""
    author = authors_of_timeline(reader)
    theirs = only_first(
        select(Post.id).where(Post.author_id == author.c.id, *_behind(walk)), walk.limit
    )
    each = theirs.order_by(Post.id.desc()).lateral()
    merged = select(each.c.id).join_from(author, each, literal(True)).order_by(each.c.id.desc())
    total = select(func.sum(author.c.post_count)).scalar_subquery()
    return await _stretch(session, only_first(merged, walk.limit), total, walk)


async def posts_by(session: AsyncSession, author_id: int, walk: Walk) -> Stretch[Post]:
    """The posts of one author."""
    theirs = select(Post.id).where(Post.author_id == author_id, *_behind(walk))
    ids = only_first(theirs.order_by(Post.id.desc()), walk.limit)
    total = select(User.post_count).where(User.id == author_id).scalar_subquery()
    return await _stretch(session, ids, total, walk)


def _behind(walk: Walk) -> list[ColumnElement[bool]]:
    """Visible posts that come after the last one of the stretch before."""
    visible = Post.hidden_at.is_(None)
    if not walk.cursor:
        return [visible]
    return [visible, Post.id < literal(parsed_id(walk.cursor), BigInteger)]


async def _stretch(
    session: AsyncSession, ids: Select[int], total: ScalarSelect[Any], walk: Walk
) -> Stretch[Post]:
    posts, count = await posts_and_count(session, ids, total)
    return Stretch.of(posts, walk, count, lambda post: id_cursor(post.id))
