"""Batched writes of likes (`blog.core.web.batches`)."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import TextClause, and_, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments.queries import is_listed
from blog.core.auth.viewer import ANONYMOUS
from blog.core.events.event import DomainEvent
from blog.core.events.handlers import dispatch, records_events
from blog.models import Comment
from blog.posts.policies import visible_to
from blog.reactions.events import CommentLiked, CommentUnliked, PostLiked, PostUnliked

_GIVEN = "unnest(CAST(:users AS bigint[]), CAST(:rows AS bigint[])) AS given (user_id, row_id)"
_IS_PUBLIC = visible_to(ANONYMOUS)
_IS_SHOWN = and_(is_listed(), Comment.disabled_at.is_(None))
# Lock the post before its comments, like every deletion of a post: notifications refer to both.
_POSTS = f"""
    post AS MATERIALIZED (
        SELECT id FROM posts
        WHERE id IN (SELECT post_id FROM comments WHERE id = ANY(CAST(:rows AS bigint[])))
            AND {_IS_PUBLIC}
        ORDER BY id FOR KEY SHARE
    ),
"""  # noqa: S608


# Both statements lock the liked rows, which count their likes, in order of their ids.
def _insert_statement(
    what: str, rows: str, event: type[DomainEvent], *, before: str = ""
) -> TextClause:
    """Build the statement that inserts likes of posts or comments.

    Args:
        what: `post` or `comment`.
        rows: the FROM clause with the condition that they can be liked.
        before: a CTE that comes first.
    """
    return text(f"""
        WITH {before} liked AS MATERIALIZED (
            SELECT {what}s.id FROM {rows} AND {what}s.id = ANY(CAST(:rows AS bigint[]))
            ORDER BY {what}s.id FOR NO KEY UPDATE OF {what}s
        ), added AS (
            INSERT INTO {what}_likes (user_id, {what}_id)
            SELECT DISTINCT user_id, row_id FROM {_GIVEN} JOIN liked ON liked.id = row_id
            ORDER BY 2, 1
            ON CONFLICT DO NOTHING
            RETURNING user_id, {what}_id
        ), recorded AS (
            {event.insert(**_fields(what))} FROM added
        )
        SELECT liked.id, added.user_id FROM liked LEFT JOIN added ON added.{what}_id = liked.id
    """)  # noqa: S608


def _delete_statement(what: str, event: type[DomainEvent]) -> TextClause:
    """Build the statement that deletes likes of posts or comments."""
    return text(f"""
        WITH liked AS MATERIALIZED (
            SELECT id FROM {what}s WHERE id = ANY(CAST(:rows AS bigint[]))
            ORDER BY id FOR NO KEY UPDATE
        ), removed AS (
            DELETE FROM {what}_likes AS given_like USING liked JOIN {_GIVEN} ON liked.id = row_id
            WHERE given_like.user_id = given.user_id AND given_like.{what}_id = row_id
            RETURNING given_like.user_id, given_like.{what}_id
        ), recorded AS (
            {event.insert(**_fields(what))} FROM removed
        )
        SELECT user_id, {what}_id FROM removed
    """)  # noqa: S608


def _fields(what: str) -> dict[str, str]:
    return {"user_id": "user_id", f"{what}_id": f"{what}_id"}


_ADD_TO_POSTS = _insert_statement("post", f"posts WHERE {_IS_PUBLIC}", PostLiked)
_REMOVE_FROM_POSTS = _delete_statement("post", PostUnliked)
_ADD_TO_COMMENTS = _insert_statement(
    "comment",
    f"comments WHERE post_id IN (SELECT id FROM post) AND {_IS_SHOWN}",  # noqa: S608
    CommentLiked,
    before=_POSTS,
)
_REMOVE_FROM_COMMENTS = _delete_statement("comment", CommentUnliked)


class Pair(NamedTuple):
    """A user, and a post or a comment."""

    user_id: int
    row_id: int


@records_events(PostLiked)
async def add_to_posts(session: AsyncSession, pairs: Sequence[Pair]) -> Sequence[bool]:
    """Add likes of posts; returns for each whether the post exists and is public."""
    return await _add(session, pairs, _ADD_TO_POSTS, PostLiked)


@records_events(PostUnliked)
async def remove_from_posts(session: AsyncSession, pairs: Sequence[Pair]) -> Sequence[None]:
    """Delete likes of posts, if they exist."""
    return await _remove(session, pairs, _REMOVE_FROM_POSTS, PostUnliked)


@records_events(CommentLiked)
async def add_to_comments(session: AsyncSession, pairs: Sequence[Pair]) -> Sequence[bool]:
    """Add likes of comments; returns for each whether the comment exists and is public."""
    return await _add(session, pairs, _ADD_TO_COMMENTS, CommentLiked)


@records_events(CommentUnliked)
async def remove_from_comments(session: AsyncSession, pairs: Sequence[Pair]) -> Sequence[None]:
    """Delete likes of comments, if they exist."""
    return await _remove(session, pairs, _REMOVE_FROM_COMMENTS, CommentUnliked)


async def _add(
    session: AsyncSession,
    pairs: Sequence[Pair],
    statement: TextClause,
    event: type[PostLiked] | type[CommentLiked],
) -> Sequence[bool]:
    rows = (await session.execute(statement, _parameters(pairs))).all()
    await dispatch(session, [event(user_id, row_id) for row_id, user_id in rows if user_id])
    present = {row_id for row_id, _ in rows}
    return [pair.row_id in present for pair in pairs]


async def _remove(
    session: AsyncSession,
    pairs: Sequence[Pair],
    statement: TextClause,
    event: type[PostUnliked] | type[CommentUnliked],
) -> Sequence[None]:
    rows = (await session.execute(statement, _parameters(pairs))).all()
    await dispatch(session, [event(*row) for row in rows])
    return [None for _ in pairs]


def _parameters(pairs: Sequence[Pair]) -> dict[str, list[int]]:
    return {
        "users": [pair.user_id for pair in pairs],
        "rows": [pair.row_id for pair in pairs],
    }
