"""Queries for many streams at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, any_, bindparam, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import ANONYMOUS
from blog.core.clock import now
from blog.core.db.arrays import array_parameter
from blog.models import LoginSession, Notification, Post, User
from blog.models.block import hides_people
from blog.models.notification import HAS_ITEMS, UNREAD, UNREAD_OF_USER
from blog.posts.policies import visible_to

_SESSION, _USER, _LINE = LoginSession.__table__.c, User.__table__.c, Notification.__table__.c
_newest = (
    select(_LINE.created_at)
    .where(_LINE.user_id == _USER.id, UNREAD, HAS_ITEMS)
    .order_by(_LINE.created_at.desc(), _LINE.id.desc())
    .limit(1)
    .lateral("newest")
)
_STATES = (
    select(
        _SESSION.id, _SESSION.user_id, UNREAD_OF_USER, _newest.c.created_at, hides_people(_USER.id)
    )
    .select_from(LoginSession.__table__)
    .join(User.__table__, _USER.id == _SESSION.user_id)
    .outerjoin(_newest, true())
    .where(
        _SESSION.id == any_(array_parameter("sessions", BigInteger)),
        _SESSION.expires_at > bindparam("now"),
        _USER.disabled_at.is_(None),
    )
)
_COUNTS = select(Post.id, Post.comment_count).where(
    Post.id == any_(array_parameter("posts", BigInteger)), visible_to(ANONYMOUS)
)


class State(NamedTuple):
    """The number of unread notifications of a session's user.

    Attributes:
        newest_at: when one of them last got a new item.
        hides_people: whether the user has muted or blocked anyone, or was blocked.
    """

    session_id: int
    user_id: int
    unread: int
    newest_at: datetime | None
    hides_people: bool


async def states(session: AsyncSession, sessions: Sequence[int]) -> list[State]:
    """The state of each session that has not ended."""
    rows = await session.execute(_STATES, {"sessions": sessions, "now": now()})
    return [State(*row) for row in rows]


async def comment_counts(session: AsyncSession, posts: Sequence[int]) -> dict[int, int]:
    """The number of comments on each of these posts that everyone can read."""
    return {row[0]: row[1] for row in await session.execute(_COUNTS, {"posts": posts})}
