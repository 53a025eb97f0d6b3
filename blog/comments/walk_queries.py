"""Reading comments in walks (`blog.core.db.pagination.Walk`), for clients of the API."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.comments.queries import IS_THERE, with_author_and_post
from blog.core.db.blocks import number_of_rows
from blog.core.db.cursors import id_cursor, parsed_id
from blog.core.db.pagination import Stretch, Walk
from blog.models import Comment, CommentBlock
from blog.models.account_deletion import not_deleted
from blog.posts.lists import ListedPost


async def newest(session: AsyncSession, walk: Walk) -> Stretch[Comment]:
    """Everybody's comments, the newest first, with their authors and posts."""
    statement = select(Comment).where(IS_THERE).order_by(Comment.id.desc())
    if walk.cursor:
        statement = statement.where(Comment.id < parsed_id(walk.cursor))
    total = await session.scalar(select(number_of_rows(CommentBlock))) or 0
    return await _stretch(session, with_author_and_post(statement), walk, total)


async def under_post(session: AsyncSession, post: ListedPost, walk: Walk) -> Stretch[Comment]:
    """The comments under `post`, the oldest first, with their authors."""
    statement = (
        select(Comment)
        .where(Comment.post_id == post.id, not_deleted(Comment.author_id))
        .order_by(Comment.id)
    )
    if walk.cursor:
        statement = statement.where(Comment.id > parsed_id(walk.cursor))
    with_author = statement.options(joinedload(Comment.author, innerjoin=True))
    return await _stretch(session, with_author, walk, post.comment_count)


async def _stretch(
    session: AsyncSession, statement: Select[Comment], walk: Walk, total: int
) -> Stretch[Comment]:
    rows = await session.scalars(statement.limit(walk.limit))
    return Stretch.of(rows.all(), walk, total, lambda comment: id_cursor(comment.id))
