"""How often posts are read: who counts as a visitor, and what is left of them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.db.dumps import NEVER_DUMPED
from blog.core.networks import parse_address
from blog.core.web.app import Broadside
from blog.models import PostViews, User, ViewMark, ViewSalt
from blog.posts.views import counting
from blog.posts.views.counting import ViewCounts
from blog.posts.views.sketch import REGISTERS, STANDARD_ERROR, estimate, mark
from tests.jobs import do_job
from tests.posts.test_posts import add_posts
from tests.support import Browser, add_user, change_site

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
CUBOT = "Mozilla/5.0 (Linux; Android 10; CUBOT_X30) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture
async def views(app: Broadside, monkeypatch: pytest.MonkeyPatch) -> ViewCounts:
    """What this process has counted: nothing yet, with the salt of today."""
    fresh = ViewCounts(lambda: app.site.count_views)
    await fresh.write(app.database)
    monkeypatch.setitem(app.extensions, "views", fresh)
    return fresh


async def views_of(db: AsyncSession, post_id: int) -> int | None:
    found: int | None = await db.scalar(select(PostViews.views).where(PostViews.post_id == post_id))
    return found


def test_numbers_of_visitors_are_exact_if_small_and_estimated_if_large() -> None:
    salt = bytes(32)
    for visitors, tolerance in ((1, 0), (2, 0), (10, 0), (300, 0.05), (3_000, 0.1), (60_000, 0.1)):
        registers: dict[int, int] = {}
        for number in range(visitors):
            address = parse_address(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
            for _ in range(2 if visitors < 1_000 else 1):
                register, rank = mark(salt, 7, address, FIREFOX)
                registers[register] = max(rank, registers.get(register, 0))
        found = estimate(len(registers), sum(2.0**-rank for rank in registers.values()))
        assert abs(found - visitors) <= tolerance * visitors, visitors
    assert STANDARD_ERROR < 0.04
    assert estimate(0, 0.0) == 0
    assert estimate(REGISTERS, REGISTERS / 2) > REGISTERS


def test_a_visitor_leaves_another_mark_on_each_post_and_day() -> None:
    one, other = bytes(32), bytes([1] * 32)
    home, flat = parse_address("2001:db8::1"), parse_address("2001:db8:0:1::1")
    same = mark(one, 7, home, FIREFOX)
    # An address of the same network is the same household.
    assert mark(one, 7, parse_address("2001:db8::2"), FIREFOX) == same
    for changed in (
        mark(other, 7, home, FIREFOX), mark(one, 8, home, FIREFOX), mark(one, 7, flat, FIREFOX),
        mark(one, 7, home, CHROME), mark(one, 7, None, FIREFOX),
    ):  # fmt: skip
        assert changed != same


async def test_visitors_of_a_public_post_are_counted_once_a_day_and_programs_are_not(
    app: Broadside, db: AsyncSession, views: ViewCounts, susan: User, susans_browser: Browser
) -> None:
    (post,) = await add_posts(db, susan, 1)
    await db.commit()
    page = f"/post/{post.id}"
    agent = {"User-Agent": FIREFOX}
    async with Browser(app, "192.0.2.1") as one, Browser(app, "192.0.2.2") as other:
        for headers in (
            {"User-Agent": GOOGLE}, {"User-Agent": "curl/8.0"}, {"User-Agent": ""},
            {"User-Agent": "FeedFetcher Mozilla/5.0"},
            agent | {"Sec-Purpose": "prefetch;prerender"}, agent | {"Purpose": "prefetch"},
            agent | {"X-Moz": "prefetch"}, agent | {"Sec-Fetch-Dest": "iframe"},
            agent | {"Sec-Fetch-Dest": "empty"},
        ):  # fmt: skip
            assert (await one.get(page, headers=headers)).status_code == 200, headers
        assert (await one.head(page, headers=agent)).status_code == 200
        # The author, other pages, feeds, and a post that isn't there.
        await susans_browser.get(page, headers=agent)
        for address in ("/", "/user/susan", f"{page}/likes", "/feed.atom", "/post/999"):
            await one.get(address, headers=agent)
        await views.write(app.database)
        assert await views_of(db, post.id) is None
        assert not (await db.execute(select(ViewMark))).all()

        for visitor, browser in ((one, FIREFOX), (one, FIREFOX), (one, CUBOT), (other, FIREFOX)):
            answer = await visitor.get(
                page, headers={"User-Agent": browser, "Sec-Fetch-Dest": "document"}
            )
            assert answer.status_code == 200
            assert "set-cookie" not in answer.headers
        await views.write(app.database)
        assert await views_of(db, post.id) == 3
        # Another process has the same salt, so that it knows them again.
        another = ViewCounts(lambda: True)
        await another.write(app.database)
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
            another.count(post.id, address, FIREFOX)
        await another.write(app.database)
        await another.write(app.database)
        assert await views_of(db, post.id) == 4

        # Nothing that is stored has an address or a browser.
        tables = [PostViews, ViewMark, ViewSalt]
        stored = " ".join([str((await db.execute(select(*each.__table__.c))).all())
                           for each in tables])  # fmt: skip
        assert "192.0.2" not in stored
        assert "Firefox" not in stored

        await susans_browser.submit(f"/delete/{post.id}")
        another.count(post.id, "192.0.2.9", FIREFOX)
        await another.write(app.database)
        assert await views_of(db, post.id) is None


async def test_after_the_day_its_salt_and_marks_are_gone_and_the_numbers_stay(
    app: Broadside, db: AsyncSession, views: ViewCounts, susan: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (post,) = await add_posts(db, susan, 1)
    today = now().date()
    rows = [{"post_id": post.id, "day": today - timedelta(days=days), "views": days}
            for days in (1, 364, 366)]  # fmt: skip
    await db.execute(insert(PostViews), rows)
    yesterday = today - timedelta(days=1)
    await db.execute(insert(ViewSalt).values(day=yesterday, salt=b"old"))
    await db.execute(insert(ViewMark).values(day=yesterday, post_id=post.id, register=1, rank=1))
    await db.commit()
    views.count(post.id, "192.0.2.1", FIREFOX)
    await views.write(app.database)
    salt = await db.scalar(select(ViewSalt.salt).where(ViewSalt.day == today))
    await db.commit()
    # While a backup reads the table, the row is deleted, and later its file.
    await db.execute(text("LOCK TABLE view_salts IN ACCESS SHARE MODE"))
    await do_job(app, "forget_visitors")
    await db.commit()
    assert (await db.execute(select(ViewSalt.day, ViewSalt.salt))).all() == [(today, salt)]
    await db.execute(insert(ViewSalt).values(day=yesterday, salt=b"old"))
    await db.commit()
    file = text("SELECT pg_relation_filepath('view_salts')")
    before = await db.scalar(file)
    await db.commit()
    await do_job(app, "forget_visitors")
    assert await db.scalar(file) != before
    assert (await db.execute(select(ViewSalt.day, ViewSalt.salt))).all() == [(today, salt)]
    assert (await db.scalars(select(ViewMark.day))).all() == [today]
    kept = await db.execute(select(PostViews.day).order_by(PostViews.day))
    assert [(today - day).days for (day,) in kept] == [364, 1, 0]

    # The salt of tomorrow is there before it begins; on that day, today's is forgotten in memory.
    for moment, salts in (
        (datetime.combine(today, datetime.max.time(), UTC) - timedelta(seconds=90), 2),
        (datetime.combine(today + timedelta(days=1), datetime.min.time(), UTC), 1),
    ):
        monkeypatch.setattr(counting, "now", lambda moment=moment: moment)
        await views.write(app.database)
        assert len(views._salts) == salts
    for table in NEVER_DUMPED:
        assert await db.scalar(
            text(f"SELECT relpersistence = 'u' FROM pg_class WHERE relname = '{table}'")
        )


async def test_only_authors_see_the_views_of_their_posts_unless_a_setting_turns_them_off(
    app: Broadside, db: AsyncSession, views: ViewCounts, susan: User, susans_browser: Browser
) -> None:
    first, last = await add_posts(db, susan, 2)
    today = now().date()
    rows = [{"post_id": first.id, "day": today - timedelta(days=days), "views": 1_000 + days}
            for days in (0, 2, 100)]  # fmt: skip
    await db.execute(insert(PostViews), rows)
    await db.execute(text("UPDATE posts SET published_at = now() - interval '120 days'"))
    await db.commit()
    page = (await susans_browser.get("/views")).text
    assert "2,002" in page
    assert "3,102" in page
    assert f"/post/{last.id}/views" in page
    page = (await susans_browser.get(f"/post/{first.id}/views")).text
    for words in ("2,002", "3,102", f"{today.day} {today:%B}: 1,000", "so far", "Only you"):
        assert words in page, words
    assert f'href="/post/{first.id}/views"' in (await susans_browser.get(f"/post/{first.id}")).text
    assert 'href="/views"' in (await susans_browser.get("/user/susan")).text
    await add_user(app, "root", role="Administrator")
    async with Browser(app) as stranger, Browser(app) as root:
        await root.open_session("root")
        for visitor in (stranger, root):
            assert "views" not in (await visitor.get(f"/post/{first.id}")).text.lower().replace(
                "reviews", ""
            )
        assert (await root.get(f"/post/{first.id}/views")).status_code == 403

        await change_site(app, count_views=False)
        assert (await susans_browser.get("/views")).status_code == 404
        assert (await susans_browser.get(f"/post/{first.id}/views")).status_code == 404
        assert "/views" not in (await susans_browser.get(f"/post/{first.id}")).text
        await stranger.get(f"/post/{last.id}", headers={"User-Agent": FIREFOX})
        await views.write(app.database)
        assert await views_of(db, last.id) is None
