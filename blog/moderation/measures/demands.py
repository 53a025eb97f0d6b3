"""What several measures hide at once, which is shown when the last of them ends.

A moderator who shows a single post or comment ends all that hide it. "Hide everything" and acts on
waves end separately, so each records what it hides, even what another one has already hidden.
"""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, exists, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import BulkChange, Measure, MeasureItem

Column = Literal["post_id", "comment_id"]


def is_hidden_in_bulk(column: Column, row_id: Any) -> ColumnElement[bool]:
    """Whether an act on a wave hides a post or comment."""
    return exists().where(
        Measure.id == BulkChange.measure_id,
        getattr(Measure, column) == row_id,
        Measure.ended_at.is_(None),
    )


def is_hidden_by(act_id: int, column: Column, row_id: Any) -> ColumnElement[bool]:
    """Whether this act on a wave has hidden a post or comment, even if it was shown since."""
    return exists().where(
        Measure.id == BulkChange.measure_id,
        getattr(Measure, column) == row_id,
        BulkChange.bulk_act_id == act_id,
    )


def is_hidden_with_everything(column: Column, row_id: Any) -> ColumnElement[bool]:
    """Whether "hide everything" hides a post or comment."""
    return exists().where(getattr(MeasureItem, column) == row_id)


async def remaining_reasons(
    session: AsyncSession, column: Column, ids: Sequence[int]
) -> dict[int, str]:
    """Why some posts or comments, which the caller has locked, stay hidden: by their ids, the
    reason of the newest measure that hides them."""
    hidden, with_everything = getattr(Measure, column), getattr(MeasureItem, column)
    by_itself = select(hidden.label("row_id"), Measure.id, Measure.reason).where(
        hidden.in_(ids), Measure.ended_at.is_(None)
    )
    items = select(with_everything, Measure.id, Measure.reason).where(
        with_everything.in_(ids), MeasureItem.measure_id == Measure.id
    )
    found = union_all(by_itself, items).order_by("id")
    return {row.row_id: row.reason for row in await session.execute(found)}
