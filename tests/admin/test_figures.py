"""How the site is doing: what is counted, when, and how administrators see it."""

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.figures import counts
from blog.core.figures.counts import Counts, month_of, week_of
from blog.core.web.app import Broadside
from blog.models import (
    DailyFigure,
    Email,
    EmailState,
    LoggedEvent,
    MonthlyActivity,
    Post,
    Report,
    RouteDay,
    User,
)
from tests.jobs import do_job
from tests.posts.test_posts import add_posts
from tests.support import Browser, add_user

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def own_counts(app: Broadside) -> None:
    """Nothing was counted before the test."""
    app.counts = Counts()


async def figures(db: AsyncSession, day: date) -> dict[str, int]:
    """The figures of a day."""
    rows = await db.execute(
        select(DailyFigure.name, DailyFigure.value).where(DailyFigure.day == day)
    )
    return {row.name: row.value for row in rows}


async def add_events(db: AsyncSession, day: date, **numbers: int) -> None:
    """Let so many events of each kind have happened at noon of a day."""
    at = datetime.combine(day, time(12), UTC)
    rows = [
        {"kind": kind, "payload": {}, "created_at": at}
        for kind, number in numbers.items() for _ in range(number)
    ]  # fmt: skip
    await db.execute(insert(LoggedEvent), rows)
    await db.commit()


async def test_days_are_counted_once_and_missed_ones_are_caught_up(
    app: Broadside, db: AsyncSession, susan: User
) -> None:
    today = now().date()
    await db.execute(text("UPDATE site SET created_at = now() - interval '10 days'"))
    try:
        await add_events(db, today - 3 * DAY, PostPublished=2, CommentWritten=3, PostLiked=1,
                         CommentLiked=1, AccountRegistered=1, AccountCreated=1,
                         PersonFollowed=5)  # fmt: skip
        # Closed after a quarter of an hour and after an hour.
        (post,) = await add_posts(db, susan, 1)
        for reporter, minutes in ((susan, 15), (await add_user(app, "david"), 60)):
            at = datetime.combine(today - 3 * DAY, time(9), UTC)
            report = Report(
                reporter_id=reporter.id, post_id=post.id, reason="x", state="resolved",
                created_at=at, closed_at=at + timedelta(minutes=minutes),
            )  # fmt: skip
            db.add(report)
            await db.flush()
            db.add(LoggedEvent(kind="ReportClosed", payload={"report_id": report.id},
                               created_at=at))  # fmt: skip
        for state in (EmailState.SENT, EmailState.SENT, EmailState.FAILED, EmailState.QUEUED):
            db.add(Email(purpose="x", recipient="x@example.com", subject="x", text="", html="",
                         state=state, created_at=at))  # fmt: skip
        await db.commit()
        await do_job(app, "count_days")
        counted = await figures(db, today - 3 * DAY)
        assert counted == {
            "posts": 2, "comments": 3, "likes": 2, "sign_ups": 2, "reports": 0,
            "reports_closed": 2, "report_wait": 37 * 60 + 30, "mail_sent": 2, "mail_failed": 1,
        }  # fmt: skip
        assert (await figures(db, today - 10 * DAY))["posts"] == 0
        assert not await figures(db, today - 11 * DAY)
        of_today = await figures(db, today)
        assert (of_today["all_people"], of_today["all_posts"]) == (2, 1)
        assert of_today["database_bytes"] > 10**6
        assert of_today["image_bytes"] == 0

        # A day that is over is not counted again; one that was counted before its end is.
        await add_events(db, today - 3 * DAY, PostPublished=1)
        await add_events(db, today - DAY, PostPublished=1)
        early = update(DailyFigure).where(DailyFigure.day == today - DAY)
        await db.execute(early.values(counted_at=func.now() - DAY))
        await db.commit()
        await do_job(app, "count_days")
        await do_job(app, "count_days")
        assert (await figures(db, today - 3 * DAY))["posts"] == 2
        assert (await figures(db, today - DAY))["posts"] == 1
    finally:
        await db.execute(text("UPDATE site SET created_at = now()"))
        await db.commit()


async def test_a_person_is_active_once_in_a_day_a_week_and_a_month(
    app: Broadside, db: AsyncSession, susans_browser: Browser, susan: User
) -> None:
    today = now().date()

    async def visit(seen: timedelta) -> dict[str, int]:
        """What has been counted after a person comes back who was seen so long ago."""
        await db.execute(update(User).values(last_seen_at=func.now() - seen))
        await db.commit()
        for _ in range(2):
            await susans_browser.get("/")
        await app.counts.write(app.database)
        return await figures(db, today)

    await db.execute(update(User).values(created_at=func.now() - timedelta(days=400)))
    found = await visit(timedelta(days=40))
    assert found["active_people"] == 1
    assert found["requests"] == 2
    assert found["errors"] == 0
    assert (await visit(timedelta(minutes=2 if now().hour else 0)))["active_people"] == 1
    (cohort,) = (await db.scalars(select(MonthlyActivity))).all()
    joined = (now() - timedelta(days=400)).date()
    assert (cohort.joined, cohort.active, cohort.people) == (month_of(joined), month_of(today), 1)
    # What is kept is about days and months; it says nothing of a person, and stays without them.
    assert (await figures(db, week_of(today)))["active_in_week"] == 1


def test_activity_is_counted_by_when_someone_was_last_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A Tuesday, the first of a month whose first Monday was the day before.
    moment = datetime(2026, 9, 1, 0, 30, tzinfo=UTC)
    monkeypatch.setattr(counts, "now", lambda: moment)
    joined = datetime(2026, 3, 5, 12, tzinfo=UTC)
    counted = Counts()
    for seen in (
        joined,  # Never, since they signed up.
        moment - timedelta(minutes=10),
        moment - timedelta(minutes=45),  # Yesterday, this week, last month.
        moment - timedelta(days=2),
    ):
        counted.count_activity(joined, seen)
    today = moment.date()
    assert counted._figures == {
        ("active_people", today): 3,
        ("active_in_week", date(2026, 8, 31)): 2,
    }
    assert counted._activity == {(date(2026, 3, 1), date(2026, 9, 1)): 3}


async def test_processes_add_their_requests_and_lose_none_if_the_database_fails(
    app: Broadside, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seconds in ((0.001, 0.02), (0.02, 60.0)):
        process = Counts()
        for each in seconds:
            process.count_request("GET", "/x", 200 if each < 1 else 503, each)
        with monkeypatch.context() as broken:
            broken.setattr(counts, "_ADD_REQUESTS", text("SELECT no_such_column, :rows"))
            with pytest.raises(DBAPIError):
                await process.write(app.database)
        process.count_request("GET", "/x", 200, 0.2)
        await process.write(app.database)
        await process.write(app.database)
    (route,) = (await db.scalars(select(RouteDay))).all()
    assert (route.requests, route.errors) == (6, 1)
    assert route.durations == [1, 0, 2, 0, 0, 2, 0, 0, 0, 0, 1]
    assert route.seconds == pytest.approx(60.441)
    assert await figures(db, now().date()) == {"requests": 6, "errors": 1}


def lines_of(answer: httpx.Response) -> list[list[str]]:
    """The lines of a file of figures."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith('attachment; filename="')
    return list(csv.reader(io.StringIO(answer.text)))


async def test_the_dashboard_shows_the_same_numbers_as_its_files_and_metrics(
    app: Broadside, db: AsyncSession, roots_browser: Browser, root: User
) -> None:
    today = now().date()
    empty = await roots_browser.get("/admin")
    assert empty.status_code == 200
    assert "There&#39;s no data yet." in empty.text

    def figure(name: str, day: date, value: int) -> dict[str, Any]:
        return {"name": name, "day": day, "value": value}

    old = week_of(today - timedelta(days=100))
    rows = [
        figure("sign_ups", today, 1234), figure("sign_ups", today - DAY, 7),
        figure("sign_ups", old, 2), figure("sign_ups", old + DAY, 3),
        figure("active_people", today, 5), figure("active_in_week", week_of(today), 8),
        figure("report_wait", today - DAY, 5400), figure("database_bytes", today, 3 * 2**20),
        figure("mail_sent", today - DAY, 10), figure("mail_failed", today - DAY, 1),
    ]  # fmt: skip
    await db.execute(insert(DailyFigure), rows)
    month, before = month_of(today), month_of(month_of(today) - DAY)
    await db.execute(
        insert(MonthlyActivity),
        [{"joined": before, "active": active, "people": people}
         for active, people in ((before, 10), (month, 4))],
    )  # fmt: skip
    durations = [0, 0, 90, 8, 2, 0, 0, 0, 0, 0, 0]
    await db.execute(
        insert(RouteDay),
        [{"day": today, "method": "GET", "route": route, "requests": requests, "errors": errors,
          "seconds": requests / 10, "durations": durations}
         for route, requests, errors in (("/slow/<id>", 100, 3), ("/rare", 5, 0))],
    )  # fmt: skip
    (post,) = await add_posts(db, root, 1)
    await db.execute(update(Post).values(published_at=func.now()))
    db.add(Report(reporter_id=root.id, post_id=post.id, reason="x"))
    await db.commit()

    page = (await roots_browser.get("/admin")).text
    assert f"{today.day} {today:%B}: 1,234" in page
    assert f"at most 1,234, on {today.day} {today:%B}." in page
    for words in ("so far", "1,234", "1.5 h", "3 MiB", "/slow/&lt;id&gt;", "100 ms", "Oldest"):
        assert words in page, words
    assert page.count("<code>/slow/&lt;id&gt;</code>") == 2
    assert "/rare" not in page
    assert page.count('role="img"') == page.count("<desc") > 10

    lines = lines_of(await roots_browser.get("/admin/figures/sign-ups.csv"))
    assert lines[0] == ["day", "Sign-ups"]
    assert lines[-2:] == [[f"{today - DAY}", "7"], [f"{today}", "1234"]]
    assert len(lines) == 31
    lines = lines_of(await roots_browser.get("/admin/figures/sign-ups.csv?days=365"))
    assert [f"{old}", "5"] in lines
    lines = lines_of(await roots_browser.get("/admin/figures/retention.csv"))
    assert [line[2:] for line in lines if line[0] == f"{before}"] == [["10", "4"]]
    lines = lines_of(await roots_browser.get("/admin/figures/routes.csv"))
    assert ["GET", "/slow/<id>", "100", "3", "0.1", "0.05"] in lines
    for address, status in (
        ("/admin/figures/nothing.csv", 404), ("/admin?days=31", 400), ("/admin?days=x", 400),
        ("/admin/figures/mail.csv?days=0", 400), ("/admin?days=90", 200), ("/admin?days=365", 200),
    ):  # fmt: skip
        assert (await roots_browser.get(address)).status_code == status, address

    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as prometheus:
        metrics = (await prometheus.get("/metrics")).text
    for line in (
        'broadside_daily_figure{day="yesterday",name="sign_ups"} 7.0',
        'broadside_daily_figure{day="today",name="sign_ups"} 1234.0',
        'broadside_site{of="people"} 1.0',
        "broadside_reports_open 1.0",
    ):
        assert line in metrics, line
