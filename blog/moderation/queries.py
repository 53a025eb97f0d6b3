"""What moderators look at: lists that begin with the newest.

They go on from an id instead of by numbers: new rows keep coming while a moderator reads,
and no page costs more than another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.models import Comment, Post, Report

Row = TypeVar("Row", Comment, Post, Report)


@dataclass(frozen=True)
class Stretch(Generic[Row]):
    """Some rows of a list, newest first; `next_before` is the id that the older ones are below."""

    rows: Sequence[Row]
    next_before: int | None


async def newest_comments(
    session: AsyncSession, size: int, before: int | None = None
) -> Stretch[Comment]:
    """Everybody's comments, with their authors, and with whose post they stand under."""
    statement = select(Comment).options(
        joinedload(Comment.author, innerjoin=True),
        joinedload(Comment.post, innerjoin=True)
        .load_only(Post.author_id)
        .joinedload(Post.author, innerjoin=True),
    )
    return await _stretch(session, statement, Comment, size, before)


async def reports(
    session: AsyncSession, size: int, before: int | None = None, *, are_open: bool = True
) -> Stretch[Report]:
    """The reports that nobody has closed yet, or those that somebody has, with all about them."""
    is_wanted = Report.closed_at.is_(None) if are_open else Report.closed_at.is_not(None)
    statement = (
        select(Report)
        .where(is_wanted)
        .options(
            joinedload(Report.reporter, innerjoin=True),
            joinedload(Report.post).joinedload(Post.author, innerjoin=True),
            joinedload(Report.comment).joinedload(Comment.author, innerjoin=True),
            joinedload(Report.closed_by),
        )
    )
    return await _stretch(session, statement, Report, size, before)


async def hidden_posts(
    session: AsyncSession, size: int, before: int | None = None
) -> Stretch[Post]:
    """The posts that moderators have hidden, with their authors."""
    statement = (
        select(Post)
        .where(Post.hidden_at.is_not(None))
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
