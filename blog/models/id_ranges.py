"""How many rows a table has, in ranges of ids: what finds a deep page of a list at once."""

from typing import ClassVar

from sqlalchemy import ColumnElement, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class IdRange(Base):
    """How many rows with ids from `number * SIZE` to `number * SIZE + SIZE - 1` lists show.

    A million rows make 245 ranges. Adding them up from the newest tells in which range the row
    at any place of the list is, and how many come before that range. Triggers of the counted
    table keep the counts.
    """

    __abstract__ = True

    # The triggers compute a range's number with this size. With larger ranges there are more
    # rows to skip within one, with smaller ones more ranges to add up: at a million rows
    # the two cost about the same.
    SIZE: ClassVar[int] = 4096

    key: ClassVar = "number"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    visible: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)

    @classmethod
    def end(cls, number: ColumnElement[int]) -> ColumnElement[int]:
        """The first id after a range."""
        return (number + 1) * cls.SIZE


class CommentRange(IdRange):
    """Comments, disabled ones among them, but not rows of deleted ones."""

    __tablename__ = "comment_ranges"


class UserRange(IdRange):
    """People."""

    __tablename__ = "user_ranges"


class TagRange(IdRange):
    """Tags of public posts."""

    __tablename__ = "tag_ranges"
