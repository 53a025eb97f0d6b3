"""How many posts were published on each day."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Date, DateTime, Integer, cast, func, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class PostDay(Base):
    """How many of the posts that are public were published on a day, in UTC.

    Adding up the days from the newest tells on which day the post at any place of the list was
    published; an archive by month comes from the same counts. Triggers of `posts` keep them.
    """

    __tablename__ = "post_days"

    key: ClassVar = "day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    visible: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)

    @staticmethod
    def of(moment: Any) -> ColumnElement[date]:
        """The day of a moment."""
        return cast(func.timezone("UTC", moment), Date)

    @staticmethod
    def end(day: ColumnElement[date]) -> ColumnElement[datetime]:
        """The first moment after a day."""
        return func.timezone("UTC", cast(day + 1, DateTime))
