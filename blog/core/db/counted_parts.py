"""Numbered pages at constant cost.

A table counts the rows in each part of the list, such as a range of ids or a day. A running total
from the newest part finds the part in which a page starts, so only rows of that part are skipped.
"""

from typing import Any

from sqlalchemy import ScalarSelect, func, select

from blog.core.db.cursors import Order
from blog.core.db.pagination import LIMIT, OFFSET, Rows


def ids_of_page(ids: Rows, order: Order, parts: Any) -> Rows:
    """Select the ids of a page's rows, and of one more; executed with `PageRequest.parameters`.

    Args:
        ids: a select of the ids of the whole list.
        order: the order of the list, descending.
        parts: the mapped class of the counts. It has `key`, the name of the column that identifies
            a part, and `end`, which maps that to the end of the part in the first column of the
            order.
    """
    counts = parts.__table__.c
    key = counts[parts.key]
    newer = func.sum(counts.visible).over(order_by=key.desc()) - counts.visible
    part = select(key, counts.visible, newer.label("newer")).subquery()
    start = (
        select(parts.end(part.c[parts.key]).label("end"), (OFFSET - part.c.newer).label("skipped"))
        .where(part.c.newer <= OFFSET, part.c.newer + part.c.visible > OFFSET)
        .cte("start")
    )
    before_end = order.columns[0] < select(start.c.end).scalar_subquery()
    skipped = select(start.c.skipped).scalar_subquery()
    return ids.where(before_end).order_by(*order.by).offset(skipped).limit(LIMIT)


def number_of_rows(parts: Any) -> ScalarSelect[Any]:
    """The number of rows of the list."""
    visible = parts.__table__.c.visible
    return select(func.coalesce(func.sum(visible), 0)).scalar_subquery()
