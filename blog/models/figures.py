"""Figures of the site: numbers about days and months, and nothing about anybody."""

from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, Date, Double, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class DailyFigure(Base):
    """A number about a day in UTC, such as how many people signed up.

    `counted_at` is when it was last written: a day that was counted after its end is complete.
    """

    __tablename__ = "daily_figures"

    name: Mapped[str] = mapped_column(String(32, collation="C"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
    counted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class MonthlyActivity(Base):
    """How many of the people who joined in a month used the site in a later one. Both are the first
    day of the month, in UTC."""

    __tablename__ = "monthly_activity"

    joined: Mapped[date] = mapped_column(Date, primary_key=True)
    active: Mapped[date] = mapped_column(Date, primary_key=True)
    people: Mapped[int] = mapped_column(BigInteger)


class RouteDay(Base):
    """The requests of a route on a day in UTC: how many, how many failed by our fault (5xx), their
    duration together, and how many were as fast as each bound of `blog.core.metrics.BOUNDS`, but
    not as the one before; the last number is that of the slower ones."""

    __tablename__ = "route_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    method: Mapped[str] = mapped_column(String(16, collation="C"), primary_key=True)
    route: Mapped[str] = mapped_column(String(200, collation="C"), primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger)
    errors: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float] = mapped_column(Double)
    durations: Mapped[list[int]] = mapped_column(ARRAY(Integer))
