"""Reading who follows whom in walks (`blog.core.db.pagination.Walk`), for clients of the API."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, contains_eager

from blog.core.db.cursors import parsed_moment
from blog.core.db.pagination import Stretch, Walk
from blog.follows.queries import followed_cursor, follower_cursor
from blog.models import Follow, User
from blog.models.account_deletion import not_deleted


async def followers(session: AsyncSession, person: User, walk: Walk) -> Stretch[Follow]:
    """Who follows `person`, the newest first; each `follower` is loaded."""
    return await _stretch(
        session, walk, Follow.followed_id == person.id, person.follower_count,
        other=Follow.follower, other_id=Follow.follower_id, cursor_of=follower_cursor,
    )  # fmt: skip


async def followed_by(session: AsyncSession, person: User, walk: Walk) -> Stretch[Follow]:
    """Whom `person` follows, the newest first; each `followed` is loaded."""
    return await _stretch(
        session, walk, Follow.follower_id == person.id, person.following_count,
        other=Follow.followed, other_id=Follow.followed_id, cursor_of=followed_cursor,
    )  # fmt: skip


async def _stretch(
    session: AsyncSession, walk: Walk, whose: ColumnElement[bool], total: int, *,
    other: Any, other_id: InstrumentedAttribute[int], cursor_of: Callable[[Follow], str],
) -> Stretch[Follow]:  # fmt: skip
    statement = (
        select(Follow)
        .join(other)
        .where(whose, not_deleted(other_id))
        .options(contains_eager(other))
        .order_by(Follow.created_at.desc(), other_id.desc())
    )
    if walk.cursor:
        moment, row_id = parsed_moment(walk.cursor)
        statement = statement.where(tuple_(Follow.created_at, other_id) < tuple_(moment, row_id))
    rows = await session.scalars(statement.limit(walk.limit))
    return Stretch.of(rows.all(), walk, total, cursor_of)
