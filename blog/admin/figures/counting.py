"""Count what happened on each day, from the log of domain events.

A day is a range of an index, so no table is read completely. Events count even if undone later: a
comment that has since been deleted counts on the day it was written.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.events.log import KEPT_FOR
from blog.models import (
    CommentRange,
    DailyFigure,
    Email,
    EmailState,
    LoggedEvent,
    MediaFile,
    PostDay,
    RouteDay,
    Site,
    UserRange,
)

# The events that each figure counts, by their names in the log.
EVENTS = {
    "sign_ups": ("AccountRegistered", "AccountCreated"),
    "posts": ("PostPublished",),
    "comments": ("CommentWritten",),
    "likes": ("PostLiked", "CommentLiked"),
    "reports": ("PostReported", "CommentReported"),
    "reports_closed": ("ReportClosed",),
}
MAILS = {EmailState.SENT: "mail_sent", EmailState.FAILED: "mail_failed"}
# A figure that every counted day has.
ALWAYS = "posts"
# Transactions that start on a day may be committed after its end.
SETTLED_AFTER = timedelta(hours=1)
ROUTES_KEPT_FOR = timedelta(days=35)
FILES_AT_ONCE = 5_000

_figure_of_event = {kind: name for name, kinds in EVENTS.items() for kind in kinds}
_MEDIAN_WAIT = text("""
    SELECT percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(epoch FROM reports.closed_at - reports.created_at)
    )
    FROM events JOIN reports ON reports.id = (events.payload ->> 'report_id')::bigint
    WHERE events.created_at >= :begin AND events.created_at < :end AND events.kind = 'ReportClosed'
""")


def _bounds(day: date) -> dict[str, datetime]:
    """The start and end of a day in UTC."""
    begin = datetime.combine(day, time(), UTC)
    return {"begin": begin, "end": begin + timedelta(days=1)}


async def days_to_count(session: AsyncSession) -> list[date]:
    """Today, and the days that were not counted yet or were counted before they were over.

    The log of events goes back 30 days, so up to 30 missed days are counted later.
    """
    today = now().date()
    site_created_at = await session.scalar(select(Site.created_at)) or now()
    first = max(today - KEPT_FOR + timedelta(days=1), site_created_at.date())
    rows = await session.execute(
        select(DailyFigure.day, DailyFigure.counted_at)
        .where(DailyFigure.name == ALWAYS, DailyFigure.day >= first)
    )  # fmt: skip
    settled = {day for day, at in rows if at >= _bounds(day)["end"] + SETTLED_AFTER}
    days = (first + timedelta(days=number) for number in range((today - first).days + 1))
    return [day for day in days if day not in settled]


async def count_day(session: AsyncSession, day: date) -> None:
    """Count a day, or count it again; the caller commits."""
    bounds = _bounds(day)
    counts = dict.fromkeys(EVENTS, 0) | dict.fromkeys(MAILS.values(), 0)
    events = await session.execute(
        select(LoggedEvent.kind, func.count())
        .where(LoggedEvent.created_at >= bounds["begin"], LoggedEvent.created_at < bounds["end"])
        .where(LoggedEvent.kind.in_(_figure_of_event))
        .group_by(LoggedEvent.kind)
    )
    for kind, number in events:
        counts[_figure_of_event[kind]] += number
    mails = await session.execute(
        select(Email.state, func.count())
        .where(Email.created_at >= bounds["begin"], Email.created_at < bounds["end"])
        .where(Email.state.in_(MAILS))
        .group_by(Email.state)
    )
    counts |= {MAILS[state]: number for state, number in mails}
    if (wait := await session.scalar(_MEDIAN_WAIT, bounds)) is not None:
        counts["report_wait"] = round(wait)
    await write_day(session, day, counts)


async def count_totals(session: AsyncSession) -> None:
    """Write the current totals as figures of today; the caller commits."""
    columns = {
        "all_people": func.coalesce(select(func.sum(UserRange.visible)).scalar_subquery(), 0),
        "all_posts": func.coalesce(select(func.sum(PostDay.visible)).scalar_subquery(), 0),
        "all_comments": func.coalesce(select(func.sum(CommentRange.visible)).scalar_subquery(), 0),
        "database_bytes": func.pg_database_size(func.current_database()),
    }
    totals = (await session.execute(select(*columns.values()))).one()
    counts = dict(zip(columns, map(int, totals), strict=True))
    await write_day(session, now().date(), counts)


async def has_image_bytes_of_today(session: AsyncSession) -> bool:
    """Whether the total size of all images was recorded today."""
    recorded = select(DailyFigure.day).where(
        DailyFigure.name == "image_bytes", DailyFigure.day == now().date()
    )
    return await session.scalar(recorded) is not None


async def image_sizes(session: AsyncSession) -> AsyncIterator[int]:
    """Yield the total size of a few thousand images at a time, because there may be any number."""
    after: str | None = ""
    while after is not None:
        batch = (
            select(MediaFile.name, MediaFile.bytes)
            .where(MediaFile.name > after)
            .order_by(MediaFile.name)
            .limit(FILES_AT_ONCE)
            .subquery()
        )
        row = await session.execute(select(func.max(batch.c.name), func.sum(batch.c.bytes)))
        after, size = row.one()
        yield int(size or 0)


async def write_day(session: AsyncSession, day: date, counts: Mapping[str, int]) -> None:
    """Write figures of a day, replacing existing ones; the caller commits."""
    counted_at = now()
    rows = [
        {"name": name, "day": day, "value": value, "counted_at": counted_at}
        for name, value in sorted(counts.items())
    ]
    statement = insert(DailyFigure).values(rows)
    new = {"value": statement.excluded.value, "counted_at": statement.excluded.counted_at}
    await session.execute(statement.on_conflict_do_update(index_elements=["name", "day"], set_=new))


async def delete_old_routes(session: AsyncSession) -> None:
    """Delete figures of routes that are too old for any page; the caller commits."""
    old = delete(RouteDay).where(RouteDay.day < (now() - ROUTES_KEPT_FOR).date())
    await session.execute(old.execution_options(synchronize_session=False))
