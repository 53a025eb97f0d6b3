"""How many posts there are, in portions: what finds page 40,000 of a list at once."""

from typing import ClassVar

from sqlalchemy import Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class PostBlock(Base):
    """How many posts with ids from `number * SIZE` to `number * SIZE + SIZE - 1` are visible.

    A million posts make 245 blocks. Adding them up from the newest tells in which block the
    post at any place of the list is, and how many come before that block. Triggers of
    `posts` keep the counts.
    """

    __tablename__ = "post_blocks"

    # The triggers compute a block's number with this size. With larger blocks there are more
    # posts to skip within one, with smaller ones more blocks to add up: at a million posts
    # the two cost about the same.
    SIZE: ClassVar[int] = 4096

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    visible: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
