"""Counts of posts by day."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Date, DateTime, Integer, cast, func, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class PostDay(Base):
    """The number of public posts that were published on a day, in UTC.

    A running total from the newest day finds the day of any position in the list; an archive by
    month uses the same counts. Triggers of `posts` update them.
    """

    __tablename__ = "post_days"

    key: ClassVar = "day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    visible: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)

    @staticmethod
    def of(time: Any) -> ColumnElement[date]:
        """The day of a time."""
        return cast(func.timezone("UTC", time), Date)

    @staticmethod
    def end(day: ColumnElement[date]) -> ColumnElement[datetime]:
        """The end of a day."""
        return func.timezone("UTC", cast(day + 1, DateTime))
