"""Counts of views of posts, without a trace of the readers."""

from datetime import date

from sqlalchemy import Date, ForeignKey, Index, Integer, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class PostViews(Base):
    """The approximate number of different visitors of a post on a day in UTC."""

    __tablename__ = "post_views"

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    views: Mapped[int] = mapped_column(Integer)

    # To delete old days. The index is tiny, because rows are inserted in the order of the days.
    __table_args__ = (Index("ix_post_views_day", "day", postgresql_using="brin"),)


class ViewSalt(Base):
    """The secret of a day, without which nothing can be found out about its visitors.

    It is deleted after the day. The table is unlogged, so that its rows are in no write-ahead log
    and on no replica; backups leave them out, too (`blog.core.db.dumps`).
    """

    __tablename__ = "view_salts"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012


class ViewMark(Base):
    """A register of the sketch of a post on a day (`blog.posts.views.sketch`). It is deleted after
    the day, and stored nowhere else, like the salts."""

    __tablename__ = "view_marks"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    post_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    register: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    rank: Mapped[int] = mapped_column(SmallInteger)

    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012
