"""Batched writes of likes (`blog.core.web.batches`)."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import ANONYMOUS
from blog.core.events.handlers import causes, tell
from blog.posts.policies import visible_to
from blog.reactions.events import PostLiked, PostUnliked

_PAIR = {"user_id": "user_id", "post_id": "post_id"}
_GIVEN = "unnest(CAST(:users AS bigint[]), CAST(:posts AS bigint[])) AS given (user_id, post_id)"
# Both lock the posts, which count their likes, in the order of their ids.
_ADD = text(f"""
    WITH post AS MATERIALIZED (
        SELECT id FROM posts
        WHERE id = ANY(CAST(:posts AS bigint[])) AND {visible_to(ANONYMOUS)}
        ORDER BY id FOR NO KEY UPDATE
    ), added AS (
        INSERT INTO post_likes (user_id, post_id)
        SELECT DISTINCT user_id, post_id FROM {_GIVEN} JOIN post ON post.id = post_id
        ORDER BY 2, 1
        ON CONFLICT DO NOTHING
        RETURNING user_id, post_id
    ), recorded AS (
        {PostLiked.insert(**_PAIR)} FROM added
    )
    SELECT post.id, added.user_id FROM post LEFT JOIN added ON added.post_id = post.id
""")  # noqa: S608
_REMOVE = text(f"""
    WITH post AS MATERIALIZED (
        SELECT id FROM posts WHERE id = ANY(CAST(:posts AS bigint[]))
        ORDER BY id FOR NO KEY UPDATE
    ), removed AS (
        DELETE FROM post_likes USING post JOIN {_GIVEN} ON post.id = given.post_id
        WHERE post_likes.user_id = given.user_id AND post_likes.post_id = given.post_id
        RETURNING post_likes.user_id, post_likes.post_id
    ), recorded AS (
        {PostUnliked.insert(**_PAIR)} FROM removed
    )
    SELECT user_id, post_id FROM removed
""")  # noqa: S608


class Pair(NamedTuple):
    """A user and a post."""

    user_id: int
    post_id: int


@causes(PostLiked)
async def add(session: AsyncSession, pairs: Sequence[Pair]) -> Sequence[bool]:
    """Add likes; returns for each whether the post is there, and public."""
    rows = (await session.execute(_ADD, _parameters(pairs))).all()
    await tell(session, [PostLiked(user_id, post_id) for post_id, user_id in rows if user_id])
    public = {post_id for post_id, _ in rows}
    return [pair.post_id in public for pair in pairs]


@causes(PostUnliked)
async def remove(session: AsyncSession, pairs: Sequence[Pair]) -> Sequence[None]:
    """Delete likes, if they are there."""
    rows = (await session.execute(_REMOVE, _parameters(pairs))).all()
    await tell(session, [PostUnliked(*row) for row in rows])
    return [None for _ in pairs]


def _parameters(pairs: Sequence[Pair]) -> dict[str, list[int]]:
    return {
        "users": [pair.user_id for pair in pairs],
        "posts": [pair.post_id for pair in pairs],
    }
