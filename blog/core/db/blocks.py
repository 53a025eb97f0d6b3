"""Numbered pages of a list in the order of ids, newest first, that cost the same at any depth.

A table of blocks counts the rows of every `SIZE` ids. Adding up the blocks from the newest leads
to the one in which a page begins, and only rows of that block are passed over.
"""

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select

from blog.core.db.pagination import LIMIT, OFFSET


def ids_of_page(table: Any, blocks: Any, *conditions: ColumnElement[bool]) -> Select[int]:
    """The ids of a page's rows, and of one more; executed with `PageRequest.parameters`.

    Args:
        table: the mapped class of the list's rows.
        blocks: that of its blocks (`blog.models.row_blocks`).
        conditions: what the rows fulfil that the blocks count.
    """
    rows, counts = table.__table__.c, blocks.__table__.c
    newer = func.sum(counts.visible).over(order_by=counts.number.desc()) - counts.visible
    block = select(counts.number, counts.visible, newer.label("newer")).subquery()
    start = (
        select(
            ((block.c.number + 1) * blocks.SIZE).label("below"),
            (OFFSET - block.c.newer).label("skipped"),
        )
        .where(block.c.newer <= OFFSET, block.c.newer + block.c.visible > OFFSET)
        .cte("start")
    )
    below = select(rows.id).where(rows.id < select(start.c.below).scalar_subquery(), *conditions)
    skipped = select(start.c.skipped).scalar_subquery()
    return below.order_by(rows.id.desc()).offset(skipped).limit(LIMIT)


def number_of_rows(blocks: Any) -> ScalarSelect[Any]:
    """How many rows the whole list has."""
    visible = blocks.__table__.c.visible
    return select(func.coalesce(func.sum(visible), 0)).scalar_subquery()
