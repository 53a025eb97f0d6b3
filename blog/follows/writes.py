"""Batched writes of follows (`blog.core.web.batches`)."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.events.handlers import dispatch, records_events
from blog.follows.events import PersonFollowed, PersonUnfollowed

# Both lock rows in the order of their keys, to avoid deadlocks.
_PAIR = {"follower_id": "follower_id", "followed_id": "followed_id"}
_ADD = text(f"""
    WITH added AS (
        INSERT INTO follows (follower_id, followed_id)
        SELECT DISTINCT * FROM unnest(CAST(:followers AS bigint[]), CAST(:followed AS bigint[]))
        ORDER BY 1, 2
        ON CONFLICT DO NOTHING
        RETURNING follower_id, followed_id
    ), recorded AS (
        {PersonFollowed.insert(**_PAIR)} FROM added
    )
    SELECT follower_id, followed_id FROM added
""")  # noqa: S608
_REMOVE = text(f"""
    WITH gone AS MATERIALIZED (
        SELECT follower_id, followed_id FROM follows
        JOIN unnest(CAST(:followers AS bigint[]), CAST(:followed AS bigint[]))
            AS given (follower_id, followed_id) USING (follower_id, followed_id)
        ORDER BY follower_id, followed_id
        FOR UPDATE OF follows
    ), removed AS (
        DELETE FROM follows USING gone
        WHERE follows.follower_id = gone.follower_id AND follows.followed_id = gone.followed_id
        RETURNING follows.follower_id, follows.followed_id
    ), recorded AS (
        {PersonUnfollowed.insert(**_PAIR)} FROM removed
    )
    SELECT follower_id, followed_id FROM removed
""")  # noqa: S608


_ARE_THERE = text("""
    SELECT follower_id, followed_id FROM follows
    JOIN unnest(CAST(:followers AS bigint[]), CAST(:followed AS bigint[]))
        AS given (follower_id, followed_id) USING (follower_id, followed_id)
""")


class Pair(NamedTuple):
    """A follower and a followed user."""

    follower_id: int
    followed_id: int


@records_events(PersonFollowed)
async def add(session: AsyncSession, pairs: Sequence[Pair]) -> Sequence[bool]:
    """Add follows; returns for each whether it is new."""
    return await _write(session, _ADD, PersonFollowed, pairs)


@records_events(PersonUnfollowed)
async def remove(session: AsyncSession, pairs: Sequence[Pair]) -> Sequence[bool]:
    """Delete follows; returns for each whether it existed."""
    return await _write(session, _REMOVE, PersonUnfollowed, pairs)


async def exist(session: AsyncSession, pairs: Sequence[Pair]) -> Sequence[bool]:
    """Whether each of the follows exists."""
    rows = await session.execute(_ARE_THERE, _parameters(pairs))
    found = {Pair(*row) for row in rows}
    return [pair in found for pair in pairs]


async def _write(
    session: AsyncSession,
    statement: TextClause,
    event: type[PersonFollowed] | type[PersonUnfollowed],
    pairs: Sequence[Pair],
) -> Sequence[bool]:
    rows = await session.execute(statement, _parameters(pairs))
    done = [Pair(*row) for row in rows]
    await dispatch(session, [event(*pair) for pair in done])
    changed = set(done)
    results = []
    for pair in pairs:
        results.append(pair in changed)
        # A duplicate in the same batch has no effect.
        changed.discard(pair)
    return results


def _parameters(pairs: Sequence[Pair]) -> dict[str, list[int]]:
    return {
        "followers": [pair.follower_id for pair in pairs],
        "followed": [pair.followed_id for pair in pairs],
    }
