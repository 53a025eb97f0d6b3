"""The archive: the public posts of each month, counted by adding up the days."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import DateTime, Integer, cast, extract, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import Post, PostDay
from blog.models.block import shown_to_viewer
from blog.models.measure import is_in_lists
from blog.posts.lists import NEWEST_FIRST, PostList
from blog.posts.queries import IS_LISTED, OF

_POST, _DAY = Post.__table__.c, PostDay.__table__.c
FIRST_YEAR, LAST_YEAR = 1, 9998


class Month(NamedTuple):
    """A month and the number of its posts."""

    year: int
    month: int
    posts: int


def month_id(year: int, month: int) -> int:
    """The parameter `OF` of a month: the number of months since the start of year 0."""
    return 12 * year + month - 1


_first = func.make_date(cast(OF.op("/")(12), Integer), cast(OF % 12 + 1, Integer), 1)
_begin = cast(_first, DateTime)
_end = _begin + literal_column("interval '1 month'")
_is_in_month = (_DAY.day >= _begin, _DAY.day < _end, _DAY.visible > 0)
_posts = select(_POST.id).where(
    IS_LISTED,
    is_in_lists(_POST.author_id),
    _POST.published_at >= func.timezone("UTC", _begin),
    _POST.published_at < func.timezone("UTC", _end),
)
_number = select(func.coalesce(func.sum(_DAY.visible), 0)).where(*_is_in_month).scalar_subquery()
# The posts of the month with this id.
IN_MONTH = PostList(
    _posts, _number, filtered=PostList(_posts.where(shown_to_viewer(_POST.author_id)), _number)
)
_DAYS = select(_DAY.day, _DAY.visible).where(*_is_in_month).order_by(_DAY.day)
_year, _month = (cast(extract(part, _DAY.day), Integer) for part in ("year", "month"))
_MONTHS = (
    select(_year, _month, func.sum(_DAY.visible))
    .where(_DAY.visible > 0)
    .group_by(_year, _month)
    .order_by(_year.desc(), _month)
)


async def months(session: AsyncSession) -> Sequence[Month]:
    """All months with posts, newest year first."""
    return [Month(*row) for row in await session.execute(_MONTHS)]


async def days_of_month(session: AsyncSession, year: int, month: int) -> dict[int, int]:
    """The days of a month that have posts, and how many each has."""
    rows = await session.execute(_DAYS, {"of": month_id(year, month)})
    return {row.day.day: row.visible for row in rows}


def cursor_of_day(day: date) -> str:
    """The cursor in `IN_MONTH` at which the posts of a day start."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return NEWEST_FIRST.cursor(midnight + timedelta(days=1), 0)
