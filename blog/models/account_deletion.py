"""Deleted accounts whose rows are still being deleted."""

from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    ForeignKey,
    all_,
    any_,
    func,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class AccountDeletion(Base):
    """A deletion in progress.

    From the commit of this row on, the account and its content are hidden: each query for users,
    posts, comments, follows or reports filters by `not_deleted`. The row is deleted together with
    the account's, which comes last.
    """

    __tablename__ = "account_deletions"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    created_at: Mapped[CreatedAt]


# An array, because PostgreSQL evaluates it once per statement, assumes that it is short (as it is:
# a deletion takes seconds), and keeps using the index that sorts a list.
_deleted = func.array(select(AccountDeletion.user_id).scalar_subquery(), type_=ARRAY(BigInteger))


def not_deleted(user_id: Any) -> ColumnElement[bool]:
    """Whether the account with the id in column `user_id` is not deleted."""
    return cast("ColumnElement[bool]", user_id != all_(_deleted))


def is_deleted(user_id: Any) -> ColumnElement[bool]:
    """Whether the account with the id in column `user_id` is deleted."""
    return cast("ColumnElement[bool]", user_id == any_(_deleted))
