"""Figures of the site: numbers about days and months, and nothing about any person."""

from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, Date, Double, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class DailyFigure(Base):
    """A number about a day in UTC, such as how many people signed up.

    `counted_at` is when it was last updated: a day that was counted after its end is complete.
    """

    __tablename__ = "daily_figures"

    name: Mapped[str] = mapped_column(String(32, collation="C"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
    counted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class MonthlyActivity(Base):
    """How many of the people who joined in one month used the site in a later month. Both months
    are stored as their first day, in UTC."""

    __tablename__ = "monthly_activity"

    joined: Mapped[date] = mapped_column(Date, primary_key=True)
    active: Mapped[date] = mapped_column(Date, primary_key=True)
    people: Mapped[int] = mapped_column(BigInteger)


class RouteDay(Base):
    """The requests of a route on a day in UTC.

    Attributes:
        errors: the number of server errors (5xx).
        seconds: the total duration.
        durations: a histogram with the upper bounds `blog.core.metrics.BOUNDS`; the last number
            counts slower requests.
    """

    __tablename__ = "route_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    method: Mapped[str] = mapped_column(String(16, collation="C"), primary_key=True)
    route: Mapped[str] = mapped_column(String(200, collation="C"), primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger)
    errors: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float] = mapped_column(Double)
    durations: Mapped[list[int]] = mapped_column(ARRAY(Integer))
