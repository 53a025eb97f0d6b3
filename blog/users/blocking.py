"""Looking up mutes and blocks, and refusing actions across a block.

The features that need this (following, liking, commenting) build on it. Muting and blocking itself
is in `blog.blocks`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, false, select, text, true, union_all
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.identity import current_viewer
from blog.core.auth.viewer import Viewer
from blog.core.db.database_errors import violated_check
from blog.core.errors import ForbiddenError
from blog.core.i18n import LazyText, lazy_gettext
from blog.core.web.app import read
from blog.core.web.batches import Batches
from blog.models import Block, Mute

UNBLOCK_FIRST = lazy_gettext("You've blocked this person. Unblock them first.")

_MUTE, _BLOCK = Mute.__table__.c, Block.__table__.c
_VIEWER, _IDS = bindparam("viewer", type_=BigInteger), bindparam("ids", type_=ARRAY(BigInteger))
_SHUT_OUT = union_all(
    select(_MUTE.muted_id, false()).where(_MUTE.user_id == _VIEWER, _MUTE.muted_id == any_(_IDS)),
    select(_BLOCK.blocked_id, true()).where(
        _BLOCK.user_id == _VIEWER, _BLOCK.blocked_id == any_(_IDS)
    ),
)
_GIVEN = "unnest(CAST(:viewers AS bigint[]), CAST(:others AS bigint[])) AS given (viewer, other)"
_BETWEEN = text(f"""
    SELECT user_id, blocked_id FROM blocks JOIN {_GIVEN}
        ON blocks.user_id = viewer AND blocks.blocked_id = other
    UNION ALL
    SELECT user_id, blocked_id FROM blocks JOIN {_GIVEN}
        ON blocks.user_id = other AND blocks.blocked_id = viewer
""")  # noqa: S608


@dataclass(frozen=True)
class ShutOut:
    """The ids of the people, among some, that a viewer has muted or blocked."""

    muted: frozenset[int] = frozenset()
    blocked: frozenset[int] = frozenset()

    def __contains__(self, person_id: object) -> bool:
        return person_id in self.muted or person_id in self.blocked


class Pair(NamedTuple):
    """A viewer and another person."""

    viewer_id: int
    other_id: int


NOBODY = ShutOut()


async def shut_out(session: AsyncSession, viewer_id: int, ids: Sequence[int]) -> ShutOut:
    """Find the people, among these, that a viewer has muted or blocked."""
    rows = (await session.execute(_SHUT_OUT, {"viewer": viewer_id, "ids": list(ids)})).all()
    return ShutOut(
        frozenset(person_id for person_id, is_blocked in rows if not is_blocked),
        frozenset(person_id for person_id, is_blocked in rows if is_blocked),
    )


async def shut_out_by_viewer(ids: Sequence[int]) -> ShutOut:
    """`shut_out` for the current viewer. Most viewers hide nobody, and need no statement."""
    viewer_id = current_viewer().filtered_for
    return await read(shut_out, viewer_id, tuple(ids)) if viewer_id else NOBODY


async def blocks(session: AsyncSession, pairs: Sequence[Pair]) -> Sequence[frozenset[int]]:
    """Find out for each pair which of the two have blocked the other."""
    parameters = {
        "viewers": [pair.viewer_id for pair in pairs],
        "others": [pair.other_id for pair in pairs],
    }
    found = {Pair(*row) for row in await session.execute(_BETWEEN, parameters)}
    return [
        frozenset(by for by, of in (pair, reversed(pair)) if Pair(by, of) in found)
        for pair in pairs
    ]  # fmt: skip


async def refuse_blocked(
    where: Batches | AsyncSession, viewer: Viewer, other_id: int, refusal: str | LazyText
) -> None:
    """Refuse an action across a block. Most viewers are not affected by blocks, and need no
    statement.

    Args:
        where: the session or batches for the query.
        other_id: the person that the viewer wants to follow, or the author of the post.
        refusal: the message for a viewer who was blocked, which need not say why.

    Raises:
        ForbiddenError: one of the two has blocked the other.
    """
    if not viewer.filtered_for or viewer.id == other_id:
        return
    pair = Pair(viewer.id, other_id)
    if isinstance(where, Batches):
        by = await where.run(blocks, pair)
    else:
        (by,) = await blocks(where, [pair])
    if viewer.id in by:
        raise ForbiddenError(UNBLOCK_FIRST)
    if by:
        raise ForbiddenError(refusal)


@contextmanager
def refusing_blocked(refusal: str | LazyText) -> Iterator[None]:
    """Turn the refusal of a trigger into an error, for a block that has only just been made.

    Raises:
        ForbiddenError: a trigger has refused the write within this context.
    """
    try:
        yield
    except IntegrityError as error:
        if violated_check(error) != "not_blocked":
            raise
        raise ForbiddenError(refusal) from None
