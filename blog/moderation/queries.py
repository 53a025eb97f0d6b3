"""What moderators look at: lists that begin with the newest.

They go on from an id instead of by numbers: new rows keep coming while a moderator reads,
and no page costs more than another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.comments import queries as comments
from blog.models import Comment, Post, Report, User
from blog.models.account_deletion import is_deleted, not_deleted

Row = TypeVar("Row", Comment, Post, Report)

# Neither the reporter nor the author of what was reported has deleted the account.
IS_THERE = and_(
    not_deleted(Report.reporter_id),
    or_(
        Report.post_id.is_(None),
        Report.post_id.not_in(select(Post.id).where(is_deleted(Post.author_id))),
    ),
    or_(
        Report.comment_id.is_(None),
        select(Comment.id).where(Comment.id == Report.comment_id, comments.IS_THERE).exists(),
    ),
)


@dataclass(frozen=True)
class Stretch(Generic[Row]):
    """Some rows of a list, newest first; `next_before` is the id that the older ones are below."""

    rows: Sequence[Row]
    next_before: int | None


async def newest_comments(
    session: AsyncSession, size: int, before: int | None = None
) -> Stretch[Comment]:
    """Everybody's comments, with their authors, and with whose post they stand under."""
    statement = (
        select(Comment)
        .where(comments.IS_THERE)
        .options(
            joinedload(Comment.author, innerjoin=True),
            joinedload(Comment.post, innerjoin=True)
            .load_only(Post.author_id, Post.hidden_at)
            .joinedload(Post.author, innerjoin=True),
        )
    )
    return await _stretch(session, statement, Comment, size, before)


async def reports(
    session: AsyncSession, size: int, before: int | None = None, *, are_open: bool = True
) -> Stretch[Report]:
    """The reports that nobody has closed yet, or those that somebody has, with all about them."""
    is_wanted = Report.closed_at.is_(None) if are_open else Report.closed_at.is_not(None)
    statement = (
        select(Report)
        .where(is_wanted, IS_THERE)
        .options(
            joinedload(Report.reporter, innerjoin=True),
            joinedload(Report.post).joinedload(Post.author, innerjoin=True),
            joinedload(Report.comment).options(
                joinedload(Comment.author, innerjoin=True),
                joinedload(Comment.post, innerjoin=True).load_only(Post.hidden_at),
            ),
            joinedload(Report.closed_by.and_(not_deleted(User.id))),
        )
    )
    return await _stretch(session, statement, Report, size, before)


async def hidden_posts(
    session: AsyncSession, size: int, before: int | None = None
) -> Stretch[Post]:
    """The posts that moderators have hidden, with their authors."""
    statement = (
        select(Post)
        .where(Post.hidden_at.is_not(None), not_deleted(Post.author_id))
        .options(joinedload(Post.author, innerjoin=True))
    )
    return await _stretch(session, statement, Post, size, before)


async def _stretch(
    session: AsyncSession, statement: Select[Row], table: type[Row], size: int, before: int | None
) -> Stretch[Row]:
    if before is not None:
        statement = statement.where(table.id < before)
    rows = (await session.scalars(statement.order_by(table.id.desc()).limit(size + 1))).all()
    return Stretch(rows[:size], rows[size - 1].id if len(rows) > size else None)
