"""Deleted accounts whose rows are still being deleted."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    ForeignKey,
    Integer,
    all_,
    any_,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class AccountDeletion(Base):
    """A deletion in progress.

    Once this row is committed, the account and its content are hidden: each query for users,
    posts, comments, follows or reports filters by `not_deleted`. The row is deleted together with
    the account's, which is the last one.
    """

    __tablename__ = "account_deletions"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    created_at: Mapped[CreatedAt]
    # Used by processes of the last version without jobs; a later migration drops them.
    due_at: Mapped[datetime] = mapped_column(server_default=text("now()"), deferred=True)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"), deferred=True)


# An array, because PostgreSQL evaluates it once per statement, assumes that it is short (as it is:
# a deletion takes seconds), and keeps using the index that sorts a list. It uses the column of the
# table, because that of the mapped class would turn lists into queries of the ORM.
_deleted = func.array(
    select(AccountDeletion.__table__.c.user_id).scalar_subquery(), type_=ARRAY(BigInteger)
)


def not_deleted(user_id: Any) -> ColumnElement[bool]:
    """Whether the account with the id in column `user_id` is not deleted."""
    return cast("ColumnElement[bool]", user_id != all_(_deleted))


def is_deleted(user_id: Any) -> ColumnElement[bool]:
    """Whether the account with the id in column `user_id` is deleted."""
    return cast("ColumnElement[bool]", user_id == any_(_deleted))
