"""Counts of the items that await moderators, as part of the statement that authenticates them."""

from typing import Any

from sqlalchemy import ColumnElement, case, func, literal_column, select

from blog.models.account_deletion import not_deleted
from blog.models.held_item import HeldItem
from blog.models.report import Report
from blog.models.role import Permission

# Counting stops at this number.
MOST_WAITING = 100
_OPEN_REPORTS = (
    Report.__table__.c.closed_at.is_(None),
    not_deleted(Report.__table__.c.reporter_id),
    not_deleted(Report.__table__.c.author_id),
)
_HELD_ITEMS = (
    HeldItem.__table__.c.decided_at.is_(None),
    not_deleted(HeldItem.__table__.c.author_id),
)


def waiting_counts(permissions: ColumnElement[int]) -> tuple[ColumnElement[int], ...]:
    """The numbers of open reports and of held items, up to `MOST_WAITING`; 0 for people who don't
    moderate, for whom nothing is counted.

    Args:
        permissions: the column with the permissions of their role.
    """
    moderates = permissions.bitwise_and(int(Permission.MODERATE)) != 0
    return tuple(
        case((moderates, _count(*conditions)), else_=literal_column("0"))
        for conditions in (_OPEN_REPORTS, _HELD_ITEMS)
    )


def _count(*conditions: ColumnElement[bool]) -> Any:
    # The limit is a literal, because PostgreSQL assumes a tenth of the table for a parameter.
    one: ColumnElement[int] = literal_column("1")
    rows = select(one).where(*conditions).limit(literal_column(str(MOST_WAITING)))
    return select(func.count()).select_from(rows.subquery()).scalar_subquery()
