"""Counts of rows by ranges of ids, to find deep pages of lists."""

from typing import ClassVar

from sqlalchemy import ColumnElement, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class RowBlock(Base):
    """The number of listed rows with ids from `number * SIZE` to `number * SIZE + SIZE - 1`.

    A million rows have 245 blocks. A running total from the newest block finds the block of any
    position in the list, and the number of rows before it. Triggers of the counted table update the
    counts.
    """

    __abstract__ = True

    # The triggers use this size, too. With larger blocks more rows have to be skipped, with smaller
    # ones more blocks added up; at a million rows both cost about the same.
    SIZE: ClassVar[int] = 4096

    key: ClassVar = "number"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    visible: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)

    @classmethod
    def end(cls, number: ColumnElement[int]) -> ColumnElement[int]:
        """The first id after a block."""
        return (number + 1) * cls.SIZE


class CommentBlock(RowBlock):
    """Comments, disabled ones among them."""

    __tablename__ = "comment_blocks"


class UserBlock(RowBlock):
    """People."""

    __tablename__ = "user_blocks"
