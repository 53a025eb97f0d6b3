"""Accounts that were deleted, while their rows are still being removed."""

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
    """A deletion that is under way.

    From the commit that adds this row on, nobody sees anything of the account: each query that
    finds people, posts, comments, follows or reports asks for `not_deleted`. The row goes with that
    of the account, which is the last one to be removed.
    """

    __tablename__ = "account_deletions"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    created_at: Mapped[CreatedAt]


# An array, because PostgreSQL reads it once for the whole statement, guesses that it is short
# (as it is: a deletion takes seconds), and keeps to the index that gives a list its order.
_deleted = func.array(select(AccountDeletion.user_id).scalar_subquery(), type_=ARRAY(BigInteger))


def not_deleted(user_id: Any) -> ColumnElement[bool]:
    """Whether the person with the id in the column `user_id` has not deleted the account."""
    return cast("ColumnElement[bool]", user_id != all_(_deleted))


def is_deleted(user_id: Any) -> ColumnElement[bool]:
    """Whether the person with the id in the column `user_id` has deleted the account."""
    return cast("ColumnElement[bool]", user_id == any_(_deleted))
