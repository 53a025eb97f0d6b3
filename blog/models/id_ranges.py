"""Counts of the rows of a table by ranges of ids, for finding a deep page of a list quickly."""

from typing import ClassVar

from sqlalchemy import ColumnElement, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class IdRange(Base):
    """The number of listed rows with ids from `number * SIZE` to `number * SIZE + SIZE - 1`.

    A million rows make 245 ranges. A running total from the newest range finds the range of any
    position in the list, and how many rows come before that range. Triggers of the counted table
    update the counts.
    """

    __abstract__ = True

    # The triggers compute the number of a range with this size. With larger ranges there are more
    # rows to skip within one, with smaller ones there are more ranges to add up: at a million rows,
    # both cost about the same.
    SIZE: ClassVar[int] = 4096

    key: ClassVar = "number"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    visible: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)

    @classmethod
    def end(cls, number: ColumnElement[int]) -> ColumnElement[int]:
        """The first id after a range."""
        return (number + 1) * cls.SIZE


class CommentRange(IdRange):
    """Comments, including disabled ones, but not the rows of deleted ones."""

    __tablename__ = "comment_ranges"


class UserRange(IdRange):
    """People."""

    __tablename__ = "user_ranges"


class TagRange(IdRange):
    """Tags of public posts."""

    __tablename__ = "tag_ranges"
