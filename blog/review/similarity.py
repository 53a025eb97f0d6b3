"""Finding texts that are similar to removed ones.

A sketch estimates how similar two texts are: the share of the short pieces of both texts that they
have in common (one-permutation MinHash: Li, Owen and Zhang 2012, with the densification of
Shrivastava 2017). An index finds sketches with four consecutive numbers in common, which texts that
are three quarters the same nearly always have.
"""

import operator
import struct
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from zlib import crc32

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.deleting import BATCH, delete_rows
from blog.core.jobs.cleaning import HOUR, cleaning_job
from blog.models import RemovedText
from blog.review.content import Reading

PIECE = 5
# Shorter texts, such as "Thank you!", are similar by chance.
SHORTEST = 30
# Only the beginning of longer texts is compared.
LONGEST = 20_000
NUMBERS, ROWS = 64, 4
SIMILAR = 0.7
MOST_CANDIDATES = 200
# How long new texts are compared with a removed text.
KEPT = timedelta(days=365)
_SHIFT = 32 - (NUMBERS - 1).bit_length()
_FORMAT = struct.Struct(f">{NUMBERS}I")
_WORD = 0xFFFFFFFF
# Odd multipliers, which mix the bits of a number.
_MIX, _MIX_EMPTY = 0x9E3779B1, 0x85EBCA6B


class Sketch(NamedTuple):
    """The sketch of a text."""

    numbers: tuple[int, ...]

    @property
    def packed(self) -> bytes:
        """The value of the column `sketch`."""
        return _FORMAT.pack(*self.numbers)

    @property
    def bands(self) -> list[int]:
        """Hashes of the parts of the sketch; similar texts have at least one in common."""
        return [
            place << 32 | crc32(_FORMAT.pack(*self.numbers)[place * 4 : (place + ROWS) * 4])
            for place in range(0, NUMBERS, ROWS)
        ]

    def similarity(self, stored: bytes) -> float:
        """The estimated similarity to a stored sketch, from 0 to 1."""
        others: tuple[int, ...] = _FORMAT.unpack(stored)
        same: int = sum(map(operator.eq, self.numbers, others))
        return same / NUMBERS


def build_sketch(reading: Reading) -> Sketch | None:
    """Compute the sketch of a text; `None` if it is too short."""
    text = " ".join(reading.words)[:LONGEST].encode()
    if len(text) < SHORTEST:
        return None
    least: list[int | None] = [None] * NUMBERS
    for piece in {text[at : at + PIECE] for at in range(len(text) - PIECE + 1)}:
        value = crc32(piece) * _MIX & _WORD
        place, number = value >> _SHIFT, value * _MIX_EMPTY & _WORD
        if (known := least[place]) is None or number < known:
            least[place] = number
    return Sketch(tuple(_fill_place(least, place) for place in range(NUMBERS)))


def _fill_place(least: Sequence[int | None], place: int) -> int:
    """The number at a place. If no piece belongs to the place, it is taken from another one, in an
    order that only depends on the place, so that similar texts choose the same."""
    chosen, attempt = place, 0
    while (number := least[chosen]) is None:
        attempt += 1
        chosen = (place * _MIX + attempt * _MIX_EMPTY & _WORD) >> _SHIFT
    return number


async def is_similar_to_removed(session: AsyncSession, reading: Reading) -> bool:
    """Whether a text is similar to one that moderators have hidden or refused."""
    if (sketch := build_sketch(reading)) is None:
        return False
    candidates = (
        select(RemovedText.sketch)
        .where(RemovedText.bands.overlap(sketch.bands))
        .limit(MOST_CANDIDATES)
    )
    stored = (await session.scalars(candidates)).all()
    return any(sketch.similarity(each) >= SIMILAR for each in stored)


async def remember(
    session: AsyncSession, reading: Reading, *, post_id: int | None = None,
    comment_id: int | None = None, held_item_id: int | None = None,
) -> None:  # fmt: skip
    """Store a text, so that new texts are compared with it; the caller commits."""
    if sketch := build_sketch(reading):
        session.add(
            RemovedText(
                post_id=post_id, comment_id=comment_id, held_item_id=held_item_id,
                sketch=sketch.packed, bands=sketch.bands,
            )
        )  # fmt: skip
        await session.flush()


async def forget(session: AsyncSession, condition: ColumnElement[bool]) -> None:
    """Stop comparing new texts with some stored ones; the caller commits."""
    forgotten = delete(RemovedText).where(condition)
    await session.execute(forgotten.execution_options(synchronize_session=False))


async def delete_old_sketches(session: AsyncSession) -> int:
    """Delete some sketches that are older than a year; the caller commits.

    Returns:
        The number of deleted rows, at most `deleting.BATCH`.
    """
    old = (
        select(RemovedText.id)
        .where(RemovedText.created_at < func.now() - KEPT)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    return await delete_rows(session, delete(RemovedText).where(RemovedText.id == old.c.id))


DELETE_OLD_SKETCHES = cleaning_job("delete_old_sketches", delete_old_sketches, every=HOUR)
