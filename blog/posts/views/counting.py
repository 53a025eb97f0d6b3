"""Count views in memory, and write them once a minute.

Neither IP addresses nor user agents are stored, not even in memory: a view becomes a register and a
rank as soon as it is counted (`blog.posts.views.sketch`).
"""

import json
import re
import secrets
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, cast

from quart import request
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.identity import current_viewer
from blog.core.clock import now
from blog.core.db.database import Database
from blog.core.networks import parse_address
from blog.core.web.app import current_app
from blog.models import Post, ViewSalt
from blog.posts.views.sketch import SALT_BYTES, estimate, mark

# Every process has the next salt before the day begins.
AHEAD = timedelta(minutes=3)
# More marks than this are not kept in memory; what comes after them is not counted.
MOST_MARKS = 200_000
# How many are written by one statement, so that it meets its time limit on a busy server, too.
MARKS_AT_ONCE = 10_000
LONGEST_AGENT = 500
# What browsers call themselves begins with this, and other programs often say what they are. Phones
# of the brand Cubot do too.
_BROWSER = re.compile(r"(Mozilla|Opera)/")
_PROGRAM = re.compile(
    "(?<!cu)bot|crawl|spider|slurp|preview|fetch|scrap|monitor|archive|external|headless|lighthouse"
    "|feed|validator|check|python|http://|https://",
    re.IGNORECASE,
)
_PURPOSE_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_DOCUMENTS = {"", "document"}

_ADD_MARKS = text("""
    INSERT INTO view_marks AS kept (day, post_id, register, rank)
    SELECT day, post_id, register, rank FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS new (day date, post_id bigint, register smallint, rank smallint)
    ORDER BY day, post_id, register
    ON CONFLICT (day, post_id, register) DO UPDATE SET rank = excluded.rank
    WHERE kept.rank < excluded.rank
""")
_SUMS = text("""
    SELECT marks.post_id, marks.day, count(*) AS used, sum(power(2.0, -marks.rank)) AS inverse
    FROM view_marks AS marks JOIN (
        SELECT DISTINCT day, post_id FROM jsonb_to_recordset(CAST(:rows AS jsonb))
            AS new (day date, post_id bigint)
    ) AS seen USING (day, post_id)
    GROUP BY marks.post_id, marks.day
""")
# Posts deleted meanwhile are left out; the others are locked until this is committed.
_WRITE_VIEWS = text("""
    INSERT INTO post_views AS kept (post_id, day, views)
    SELECT posts.id, new.day, new.views FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS new (post_id bigint, day date, views int)
    JOIN posts ON posts.id = new.post_id
    ORDER BY posts.id, new.day
    FOR KEY SHARE OF posts
    ON CONFLICT (post_id, day) DO UPDATE SET views = excluded.views
    WHERE kept.views < excluded.views
""")


class ViewCounts:
    """The views that this process has counted since it last wrote them.

    Args:
        is_on: returns whether views are counted (the setting `count_views`).
    """

    def __init__(self, is_on: Callable[[], bool]) -> None:
        self._is_on = is_on
        self._salts: dict[date, bytes] = {}
        self._marks: dict[tuple[date, int, int], int] = {}

    def count(self, post_id: int, address: str | None, agent: str) -> None:
        """Count a visit to a post, if the salt of the day is known."""
        today = now().date()
        salt = self._salts.get(today)
        if salt is None or len(self._marks) >= MOST_MARKS:
            return
        register, rank = mark(salt, post_id, parse_address(address), agent[:LONGEST_AGENT])
        key = (today, post_id, register)
        self._marks[key] = max(rank, self._marks.get(key, 0))

    async def write(self, database: Database) -> None:
        """Write the marks, and the views estimated from all marks. If this fails, the marks are
        kept for the next time."""
        today = now().date()
        # Forget old salts even while the database doesn't respond.
        self._salts = {day: salt for day, salt in self._salts.items() if day >= today}
        marks, self._marks = self._marks, {}
        try:
            if self._is_on():
                await self._find_salts(database)
            # Sorted, so that a post's marks are together and rows are locked in order.
            keys = sorted(marks)
            for first in range(0, len(keys), MARKS_AT_ONCE):
                part = {key: marks[key] for key in keys[first : first + MARKS_AT_ONCE]}
                async with database.session() as session:
                    await _write(session, part)
                    await session.commit()
                for key in part:
                    del marks[key]
        except BaseException:
            for key, rank in marks.items():
                self._marks[key] = max(rank, self._marks.get(key, 0))
            raise

    async def _find_salts(self, database: Database) -> None:
        """Load the salts of today and, shortly before midnight, of tomorrow. The first process that
        needs one creates it."""
        current_time = now()
        for day in sorted(
            {current_time.date(), (current_time + AHEAD).date()} - self._salts.keys()
        ):
            new_salt = insert(ViewSalt).values(day=day, salt=secrets.token_bytes(SALT_BYTES))
            async with database.autocommit_session() as session:
                await session.execute(new_salt.on_conflict_do_nothing())
                salt_of_day = await session.scalar(select(ViewSalt.salt).where(ViewSalt.day == day))
            if salt_of_day is not None:
                self._salts[day] = salt_of_day


async def _write(session: AsyncSession, marks: dict[tuple[date, int, int], int]) -> None:
    rows = [
        {"day": f"{day}", "post_id": post_id, "register": register, "rank": rank}
        for (day, post_id, register), rank in marks.items()
    ]
    parameters: dict[str, Any] = {"rows": json.dumps(rows)}
    await session.execute(_ADD_MARKS, parameters)
    views = [
        {"post_id": post_id, "day": f"{day}", "views": estimate(used, float(inverse))}
        for post_id, day, used, inverse in await session.execute(_SUMS, parameters)
    ]
    await session.execute(_WRITE_VIEWS, {"rows": json.dumps(views)})


def count_view(post: Post) -> None:
    """Count the current request as a view of a public post.

    Views by its author and by programs that identify themselves don't count, and neither do
    requests that show nobody the page: HEAD, prefetching, and embedding in another page.
    """
    if not current_app.site.count_views or not post.is_public or request.method != "GET":
        return
    if current_viewer().id == post.author_id:
        return
    headers = request.headers
    if any("pre" in headers.get(name, "").lower() for name in _PURPOSE_HEADERS):
        return
    agent = headers.get("User-Agent", "")
    is_shown = headers.get("Sec-Fetch-Dest", "") in _DOCUMENTS
    if is_shown and _BROWSER.match(agent) and not _PROGRAM.search(agent):
        counts = cast(ViewCounts, current_app.extensions["views"])
        counts.count(post.id, request.remote_addr, agent)
