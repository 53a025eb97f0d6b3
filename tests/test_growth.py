"""No statement of any page or list reads more blocks on a larger site.

Every GET route is asked for on a site and on the same site with four times as much of everything,
and PostgreSQL tells how many blocks each statement has read (`EXPLAIN (ANALYZE, BUFFERS)`).
Milliseconds would tell of the machine.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from blog.core.clock import now
from blog.core.db.cursors import Order
from blog.core.web.app import Broadside
from blog.models import Comment, Post, User
from tests.api.support import add_token
from tests.support import Browser, add_user

# More than a range of ids (`blog.models.id_ranges`), all of which one page may pass over.
SMALL, LARGE = 5_000, 20_000
# A larger table is found by its index where a small one is read whole, and an index has another
# level to go down, for each row of a page. A timeline looks through up to
# 20,000 posts (`LOOKED_THROUGH`).
RATIO, ALLOWANCE, BLOCKS_PER_ROW = 1.5, 200, 8
# A file of the sitemap looks through 10,000 ids, of which the small site has half.
SITEMAP_ALLOWANCE = 1_000
LAST = 9_999_999_999
PAGES = ("", "?page=2", "?page=10", "?page=100", f"?page={LAST}")
FEED_WAYS = ("", f"?before={Order(Post.published_at, Post.id).cursor(now(), 4000)}")
WAYS = {
    "/api/v1/search/": ("", "?q=x", "?q=nothing&sort=date", "?q=author:hub&cursor="),
    "/api/": (*PAGES, "?cursor=", "?per_page=100"),
    "/admin/users": (
        *PAGES, "?q=u", "?q=z", "?q=mail", "?q=x", "?role=Moderator", "?role=Administrator",
        "?state=disabled", "?state=unconfirmed", "?state=active", "?role=User&q=mail&state=active",
    ),
    "/feed.": FEED_WAYS,
    "/user/<username>/feed.": FEED_WAYS,
    "/post/<id:post_id>/comments/feed.": ("", f"?before={Order(Comment.id).cursor(4000)}"),
    "/search": ("", "?q=x", "?q=x&sort=date", "?q=nothing", "?q=author:hub x", "?q=u1", "?q=-x"),
    "/post/": (*PAGES, "?page=-1"),
    "/notifications": ("", "?page=2", "?page=10", "?unread=1", "?kind=like", "?kind=follow"),
    "/moderate/waves": ("", "?joined_from=2020-01-01T00:00&joined_until=2021-01-01T00:00"),
    "/moderate": ("", f"?before={Order(Comment.id).cursor(4000)}"),
}  # fmt: skip

# Lists that leave out whom the reader has muted.
FILTERED = (
    "/", "/?page=100", f"/{FEED_WAYS[1]}", "/explore?order=newest", "/people",
    "/archive/{moment.year}/{moment.month}", "/tag/t1", "/followers/hub", "/post/{post}",
    "/post/{post}/likes", "/comment/100/likes", "/search?q=x",
)  # fmt: skip

# Everything of the site: the hub writes, is followed, is reported and looked after.
FILL = """
    INSERT INTO users (username, email, password_hash, role_id, confirmed_at)
    SELECT 'u' || n, 'mail' || n || '@example.com', '', :role, now()
    FROM generate_series(:first, :last) AS n;
    INSERT INTO posts (author_id, body, body_html, renderer_version)
    SELECT CASE WHEN n % 2 = 0 THEN :hub ELSE n % 200 + :someone END, 'x', '<p>x</p>', 1
    FROM generate_series(:first, :last) AS n;
    INSERT INTO tags (name, folded) SELECT 't' || n, 't' || n
    FROM generate_series(:first, :last) AS n;
    INSERT INTO post_tags (post_id, tag_id, position)
    SELECT id, CASE WHEN id % 8 = 0 THEN 1 ELSE id END, 0 FROM posts
    WHERE id BETWEEN :first AND :last AND id % 4 = 0;
    INSERT INTO comments (post_id, author_id, body, body_html, renderer_version)
    SELECT CASE WHEN n <= 5000 THEN :post ELSE :post + n % 1000 END, n % 200 + :someone, 'x', 'x', 1
    FROM generate_series(:first, :last) AS n;
    INSERT INTO post_revisions (post_id, number, editor_id, body, body_html, renderer_version, tags)
    SELECT :post, n, :hub, 'x', '<p>x</p>', 1, '{}' FROM generate_series(:first, :last) AS n;
    UPDATE posts SET revision = :last WHERE id = :post;
    INSERT INTO follows (follower_id, followed_id, created_at)
    SELECT id, :hub, now() + id * interval '1 second' FROM users WHERE id > :hub
    ON CONFLICT DO NOTHING;
    INSERT INTO mutes (user_id, muted_id)
    SELECT :reader, id FROM users WHERE id BETWEEN :reader + 10 AND :reader + 1010
    ON CONFLICT DO NOTHING;
    INSERT INTO post_likes (user_id, post_id, created_at)
    SELECT id, :post, now() + id * interval '1 second' FROM users WHERE id > :hub
    ON CONFLICT DO NOTHING;
    INSERT INTO comment_likes (user_id, comment_id, created_at)
    SELECT id, 100, now() + id * interval '1 second' FROM users WHERE id > :hub
    ON CONFLICT DO NOTHING;
    INSERT INTO bookmarks (user_id, post_id, created_at)
    SELECT :hub, id, now() + id * interval '1 second' FROM posts ON CONFLICT DO NOTHING;
    INSERT INTO notifications (user_id, kind, post_id, created_at, read_at)
    SELECT :hub, CASE WHEN id % 3 = 0 THEN 'like' ELSE 'comment' END, id,
        now() + id * interval '1 second', CASE WHEN id % 2 = 0 THEN now() END
    FROM posts WHERE id BETWEEN :first AND :last;
    INSERT INTO notification_items (notification_id, user_id, actor_id, post_id)
    SELECT id, :hub, user_id + 1 + post_id % 200, post_id FROM notifications
    WHERE post_id BETWEEN :first AND :last;
    INSERT INTO audit_entries (actor_id, actor_name, act, subject_id, subject_name)
    SELECT :hub, 'hub', 'disable account', :hub, 'hub' FROM generate_series(:first, :last) AS n;
    INSERT INTO emails (message_id, purpose, recipient, subject, text, html, state, attempts)
    SELECT gen_random_uuid(), 'confirm', 'mail@example.com', 'x', 'x', 'x', 'failed', 1
    FROM generate_series(:first, :last) AS n;
    INSERT INTO jobs (kind, payload, state, due_at)
    SELECT 'x', '{}', CASE n % 3 WHEN 0 THEN 'waiting' ELSE 'failed' END, now() - interval '1 h'
    FROM generate_series(:first, :last) AS n;
    INSERT INTO reports (reporter_id, post_id, reason, state, closed_at)
    SELECT id % 200 + :someone, id, 'x', CASE WHEN id % 2 = 0 THEN 'open' ELSE 'resolved' END,
        CASE WHEN id % 2 = 0 THEN NULL ELSE now() END
    FROM posts WHERE id > :first ON CONFLICT DO NOTHING;
    INSERT INTO held_items (kind, author_id, post_id, payload, reasons, digest, version, decided_at,
        is_approved)
    SELECT 'comment', CASE WHEN n % 2 = 0 THEN :hub ELSE n % 200 + :someone END, :post,
        '{"body": "x"}', '[]', 'x', 0, CASE WHEN n % 4 > 1 THEN now() END,
        CASE WHEN n % 4 > 1 THEN n % 8 > 3 END
    FROM generate_series(:first, :last) AS n;
    INSERT INTO measures (person_id, moderator_id, kind, reason)
    SELECT CASE WHEN n % 2 = 0 THEN :hub ELSE n % 200 + :someone END, :hub, 'remind', 'x'
    FROM generate_series(:first, :last) AS n;
    INSERT INTO appeals (measure_id, text, decided_at, is_granted, answer)
    SELECT id, 'x', CASE WHEN id % 2 = 0 THEN now() END, CASE WHEN id % 2 = 0 THEN false END,
        CASE WHEN id % 2 = 0 THEN 'x' END
    FROM measures ON CONFLICT DO NOTHING;
    INSERT INTO moderator_notes (person_id, author_id, text)
    SELECT CASE WHEN n % 2 = 0 THEN :hub ELSE n % 200 + :someone END, :hub, 'x'
    FROM generate_series(:first, :last) AS n;
    INSERT INTO bulk_acts (moderator_id, since, hides, disables, refuses, reason)
    SELECT :hub, now(), true, true, true, 'x' FROM generate_series(:first, :last) AS n;
    INSERT INTO bulk_act_people (bulk_act_id, user_id)
    SELECT id, id % 200 + :someone FROM bulk_acts ON CONFLICT DO NOTHING;
    INSERT INTO bulk_changes (bulk_act_id, measure_id)
    SELECT id, id FROM measures WHERE id BETWEEN :first AND :last;
    INSERT INTO post_views (post_id, day, views)
    SELECT id, current_date - 1, 1 FROM posts ON CONFLICT DO NOTHING
"""


class Site:
    """A site that grows.

    Attributes:
        hub: an administrator whom everybody follows, and who has written half of the posts.
        post: below which there are 5,000 comments.
        reader: who has muted a thousand people, who have written nearly half of the posts.
    """

    def __init__(self, engine: AsyncEngine, hub: User, reader: User, post: int) -> None:
        self.hub, self.reader, self.post = hub, reader, post
        self._engine = engine
        self._rows = 0

    async def grow(self, rows: int) -> None:
        """Let every table have so many rows, and the indexes be in order."""
        places = {
            "first": self._rows + 1, "last": rows, "hub": self.hub.id, "post": self.post,
            "someone": self.hub.id + 1, "role": self.hub.role_id - 1, "reader": self.reader.id,
        }  # fmt: skip
        self._rows = rows
        async with self._engine.begin() as connection:
            default = text("SELECT id FROM roles WHERE is_default")
            places["role"] = await connection.scalar(default) or 0
            for statement in FILL.split(";"):
                names = [name for name in places if f":{name}" in statement]
                typed = re.sub(r":(\w+)", r"CAST(:\1 AS bigint)", statement)
                await connection.execute(text(typed), {name: places[name] for name in names})
        engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text("VACUUM ANALYZE"))


@pytest.fixture
async def site(
    app: Broadside, own_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    """A site with an administrator and a post, where no limit answers in place of a page."""
    unlimited = app.settings.model_copy(update={"rate_limits": False})
    monkeypatch.setattr(app, "settings", unlimited)
    hub = await add_user(app, "hub", role="Administrator")
    reader = await add_user(app, "reader")
    async with app.database.engine.begin() as connection:
        post = await connection.scalar(
            text(
                "INSERT INTO posts (author_id, body, body_html, renderer_version) "
                "VALUES (:hub, 'x', '<p>x</p>', 1) RETURNING id"
            ),
            {"hub": hub.id},
        )
    yield Site(own_engine, hub, reader, post or 0)


@contextmanager
def counted_blocks(
    app: Broadside, *, beside_rows: bool = True, asked: set[str] | None = None
) -> Iterator[dict[str, int]]:
    """The blocks that each statement has read meanwhile, by its text.

    Args:
        beside_rows: whether those of its rows are left out.
        asked: each statement is added to it with its values, but for those that tell the time.
    """
    found: dict[str, int] = {}

    def explain(connection: Any, _c: Any, statement: str, values: Any, *_: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "WITH")) or "FOR " in statement:
            return
        command = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        answer = connection.exec_driver_sql(command, values).scalar()
        plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
        blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        rows = plan["Actual Rows"] if beside_rows else 0
        found[statement] = max(found.get(statement, 0), int(blocks - BLOCKS_PER_ROW * rows))
        if asked is not None:
            asked.add(f"{statement} {[each for each in values if not isinstance(each, date)]}")

    engines = (app.database.engine.sync_engine, app.database.reading_engine.sync_engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", explain)


def addresses(app: Broadside, site: Site) -> Iterator[tuple[str, tuple[str, ...]]]:
    """An address of each route of the site, and the ways to ask there for a list."""
    values = {
        "post_id": site.post, "comment_id": 100, "user_id": site.hub.id,
        "username": site.hub.username, "who": site.hub.username, "number": 2000, "form": "atom",
        "tag": "t1", "item_id": 1, "act_id": 1, "report_id": 1, "measure_id": 1,
        "year": now().year, "month": now().month,
    }  # fmt: skip
    yield from ((f"/sitemap/{kind}-1.xml", ("",)) for kind in ("posts", "people", "tags"))
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        if rule.endpoint == "live.stream":  # It has no end.
            continue
        if rule.rule.startswith("/api/v1.0/") or not rule.arguments <= values.keys():
            continue
        built = rule.build({name: values[name] for name in rule.arguments})
        assert built
        yield built[1], next((WAYS[start] for start in WAYS if rule.rule.startswith(start)), PAGES)


async def blocks_by_address(app: Broadside, site: Site) -> dict[tuple[str, str], int]:
    """How many blocks are read by each statement of each address, beside those of its rows."""
    found = {}
    async with Browser(app) as visitor, Browser(app) as api:
        await visitor.open_session("reader")
        for address in FILTERED:
            asked = address.format(post=site.post, moment=now())
            with counted_blocks(app) as counted:
                assert (await visitor.get(asked)).status_code == 200, asked
            found |= {(f"{asked} (filtered)", each): number for each, number in counted.items()}
        await visitor.open_session("hub")
        api.headers["Authorization"] = f"Bearer {await add_token(app, site.hub)}"
        for tab in ("all", "followed"):
            visitor.cookies.set("__Host-tab", tab)
            for address, ways in [("/", PAGES)] if tab == "followed" else addresses(app, site):
                client = api if address.startswith("/api/") else visitor
                asked: list[set[str]] = []
                for way in ways:
                    if ways is PAGES and len(asked) == 2 and asked[1] <= asked[0]:
                        break  # It has no pages: the second one is what the first one is.
                    asked.append(set())
                    with counted_blocks(app, asked=asked[-1]) as counted:
                        answer = await client.get(address + way)
                    assert answer.status_code < 500, address + way
                    assert answer.status_code != 429, address + way
                    found |= {
                        (f"{address}{way} ({tab})", each): number
                        for each, number in counted.items()
                    }
    return found


def allowance(address: str) -> int:
    """How many blocks more a statement may read on the larger site, whatever it read before."""
    return SITEMAP_ALLOWANCE if address.startswith("/sitemap/") else ALLOWANCE


async def test_no_statement_reads_more_on_a_site_four_times_as_large(
    app: Broadside, site: Site
) -> None:
    await site.grow(SMALL)
    async with app.database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO follows (follower_id, followed_id) "
                "SELECT :hub, id FROM users WHERE id > :hub AND id <= :hub + 150"
            ),
            {"hub": site.hub.id},
        )
    before = await blocks_by_address(app, site)
    assert len({address for address, _ in before}) > 150
    await site.grow(LARGE)
    after = await blocks_by_address(app, site)
    grown = {
        f"{address}: {before.get((address, statement), 0)} to {blocks} blocks\n{statement}"
        for (address, statement), blocks in after.items()
        if blocks > before.get((address, statement), 0) * RATIO + allowance(address)
    }
    assert not grown, "\n\n".join(sorted(grown))
