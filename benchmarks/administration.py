"""Prints what the pages of administrators and moderators cost on a large site.

    python -m benchmarks.administration [--posts 1000000] [--people 100000] [--keep FOLDER]

Fills a database with short texts by `generate_series`, asks for each page in this process, and
prints the number of its statements, how long it took, and what PostgreSQL says of its statements
(EXPLAIN (ANALYZE, BUFFERS)): execution time and blocks. Each number is the best of five.
"""

import argparse
import asyncio
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from quart.testing import TestApp
from sqlalchemy import text

from benchmarks.plans import ROUNDS, cost_of, statements_of
from blog import create_app
from blog.cli.deploy import migrate
from blog.core.clock import now
from blog.core.web.app import Broadside
from settings import Settings
from tests.support import Browser, add_user

PAGES = (
    "/admin", "/admin?days=365", "/admin/figures/active-people.csv?days=365",
    "/admin/figures/retention.csv", "/admin/figures/routes.csv", "/admin/users",
    "/admin/users?page=10", "/admin/users?q=person9", "/admin/users?q=nobody",
    "/admin/users?state=unconfirmed", "/admin/users/3/role", "/admin/users/3/disable",
    "/edit-profile/3", "/admin/applications", "/admin/applications/200/refuse", "/admin/audit",
    "/admin/audit?page=10", "/admin/settings", "/admin/answers", "/admin/answers/1", "/admin/mail",
    "/admin/jobs", "/admin/jobs?state=scheduled", "/moderate", "/moderate?page=10",
    "/moderate/reports", "/moderate/reports?category=spam", "/moderate/reports/closed",
    "/moderate/reports/2", "/moderate/appeals", "/moderate/appeals/2", "/moderate/measures/2/lift",
    "/moderate/posts", "/moderate/hide/1", "/moderate/review", "/moderate/review/2/refuse",
    "/moderate/review/rules", "/moderate/waves", "/moderate/waves?joined_from=2020-01-01T00:00",
    "/moderate/waves?reported=true", "/moderate/waves?resembling=true",
    "/moderate/waves?network_of=person5", "/moderate/waves/1", "/moderate/tags",
    "/moderate/tags/tag7/rename", "/moderate/invitations", "/moderate/people/2", "/moderation/log",
    "/moderation/log/feed.atom", f"/moderation/report/{now().year}",
)  # fmt: skip
LIMIT_MILLISECONDS, MOST_STATEMENTS = 50.0, 6

# What is counted by triggers is counted at the end.
FILL = """
    INSERT INTO users (username, email, password_hash, role_id, created_at, confirmed_at,
        awaits_approval)
    SELECT 'person' || n, 'person' || n || '@example.com', '',
        (SELECT id FROM roles WHERE is_default),
        now() - n * interval '5 minutes', CASE WHEN n % 20 > 0 THEN now() END, n % 200 = 0
    FROM generate_series(2, :people) AS n;
    INSERT INTO applications (user_id, text) SELECT id, 'x' FROM users WHERE awaits_approval;
    INSERT INTO posts (author_id, body, body_html, renderer_version, created_at, published_at,
        hidden_at)
    SELECT n % :people + 1, 'x', '<p>x</p>', 1, moment, moment, CASE WHEN n % 100 = 0 THEN now() END
    FROM generate_series(1, :posts) AS n,
        LATERAL (SELECT now() - (:posts - n) * interval '30 s') AS t (moment);
    INSERT INTO comments (post_id, author_id, body, body_html, renderer_version)
    SELECT n, n % :people + 1, 'x', 'x', 1 FROM generate_series(1, :posts) AS n;
    INSERT INTO reports (reporter_id, author_id, post_id, reason, state, closed_at)
    SELECT (n + 1) % :people + 1, n % :people + 1, n, 'x',
        CASE WHEN n % 2 = 0 THEN 'open' ELSE 'resolved' END,
        CASE WHEN n % 2 = 0 THEN NULL ELSE now() END
    FROM generate_series(1, 50000) AS n;
    INSERT INTO held_items (kind, author_id, post_id, payload, reasons, digest, version)
    SELECT 'comment', n + 1, n, '{"body": "x"}',
        CASE WHEN n % 50 = 0 THEN '[["similar", ""]]'::jsonb ELSE '[["word", "x"]]' END, '', 0
    FROM generate_series(1, 20000) AS n;
    INSERT INTO sessions (token_hash, user_id, expires_at, device, network_address)
    SELECT sha256(n::text::bytea), n, now() + interval '1 day', 'x', inet '198.18.0.0' + n
    FROM generate_series(2, :people) AS n;
    INSERT INTO invitations (inviter_id, expires_at, used_at, invitee_id)
    SELECT n / 10 + 1, now(), now(), n FROM generate_series(20, 20000) AS n;
    INSERT INTO moderator_notes (person_id, author_id, text)
    SELECT n % 100 + 1, 1, 'x' FROM generate_series(1, 5000) AS n;
    INSERT INTO answer_templates (name, text) SELECT 'n' || n, 'x' FROM generate_series(1, 50) AS n;
    INSERT INTO tags (name, folded, post_count)
    SELECT 'tag' || n, 'tag' || n, n FROM generate_series(1, 20000) AS n;
    INSERT INTO moderation_log (number, at, act, commitments, previous, hash)
    SELECT n, now() - interval '1 year' + n * interval '5 min', 'hide post', '{}', n - 1, n
    FROM generate_series(1, 100000) AS n;
    INSERT INTO moderation_log_openings (number, fact, salt, value, user_id, is_public)
    SELECT n, 'moderator', '', 'root', 1, true FROM generate_series(1, 100000) AS n;
    INSERT INTO bulk_acts (moderator_id, since, hides, disables, refuses, reason)
    SELECT 1, now(), true, true, false, 'x' FROM generate_series(1, 100);
    INSERT INTO bulk_act_people (bulk_act_id, user_id)
    SELECT 1, n FROM generate_series(2, 201) AS n;
    INSERT INTO measures (person_id, moderator_id, kind, reason)
    SELECT n + 1, 1, 'limit', 'x' FROM generate_series(1, 20000) AS n;
    INSERT INTO appeals (measure_id, text) SELECT id, 'x' FROM measures;
    INSERT INTO bulk_changes (bulk_act_id, measure_id) SELECT 1, id FROM measures LIMIT 10000;
    INSERT INTO audit_entries (actor_id, actor_name, act, subject_id, subject_name)
    SELECT 1, 'root', 'disable account', n + 1, 'person' || n FROM generate_series(1, 99999) AS n;
    INSERT INTO emails (message_id, purpose, recipient, subject, text, html, state, attempts)
    SELECT gen_random_uuid(), 'confirm', 'x@example.com', 'x', 'x', 'x',
        CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'sent' END, 1 FROM generate_series(1, 100000) AS n;
    INSERT INTO jobs (kind, payload, state, due_at)
    SELECT 'x', '{}', CASE n % 3 WHEN 0 THEN 'waiting' ELSE 'failed' END, now() + interval '1 h'
    FROM generate_series(1, 50000) AS n;
    INSERT INTO daily_figures (name, day, value)
    SELECT name, CURRENT_DATE - n, n FROM generate_series(0, 730) AS n, unnest(ARRAY[
        'active_people', 'sign_ups', 'posts', 'comments', 'likes', 'reports', 'reports_closed',
        'report_wait', 'mail_sent', 'mail_failed', 'requests', 'errors', 'database_bytes',
        'image_bytes', 'active_in_week'
    ]) AS name;
    INSERT INTO monthly_activity (joined, active, people)
    SELECT joined, active, 100
    FROM generate_series(date_trunc('month', now() - interval '2 years'), now(), '1 month')
        AS joined,
        generate_series(date_trunc('month', now() - interval '2 years'), now(), '1 month')
        AS active
    WHERE active >= joined;
    INSERT INTO route_days (day, method, route, requests, errors, seconds, durations)
    SELECT CURRENT_DATE - n, 'GET', '/route/' || route, 1000, 1, 10.0, '{1,2,3,4,5,6,7,8,9,10,11}'
    FROM generate_series(0, 35) AS n, generate_series(1, 300) AS route;
    INSERT INTO user_ranges (number, visible) SELECT id / 4096, count(*) FROM users GROUP BY 1;
    INSERT INTO comment_ranges (number, visible)
    SELECT id / 4096, count(*) FROM comments GROUP BY 1;
    INSERT INTO post_days (day, visible)
    SELECT (published_at AT TIME ZONE 'UTC')::date, count(*) FROM posts
    WHERE hidden_at IS NULL GROUP BY 1
"""


async def fill(app: Broadside, people: int, posts: int) -> None:
    """Add everything that administrators and moderators look after."""
    await add_user(app, "root", role="Administrator")
    async with app.database.engine.begin() as connection:
        await connection.execute(text("SET LOCAL statement_timeout = 0"))
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text("DELETE FROM user_ranges"))
        sized = FILL.replace(":people", f"{people}").replace(":posts", f"{posts}")
        for statement in sized.split(";"):
            await connection.exec_driver_sql(statement)
    engine = app.database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("SET statement_timeout = 0"))
        await connection.execute(text("VACUUM ANALYZE"))
        await connection.execute(text("RESET statement_timeout"))


async def is_filled(app: Broadside) -> bool:
    """Whether the folder has the site of an earlier run."""
    async with app.database.reading_session() as session:
        return await session.scalar(text("SELECT id FROM users LIMIT 1")) is not None


async def main(folder: Path, people: int, posts: int) -> None:
    """Measure, and print a table."""
    settings = Settings(_env_file=None, env="testing", var_dir=folder, background_worker="external")
    app = create_app(settings)
    await app.database.open()
    await migrate(app.database)
    if not await is_filled(app):
        await fill(app, people, posts)
    await app.database.close()
    print("| page | statements | page | its statements | blocks |\n| --- | --- | --- | --- | --- |")
    # Starting may take a while on a busy machine.
    async with TestApp(app, startup_timeout=60), Browser(app) as browser:
        browser.base_url = settings.base_url
        await browser.open_session("root")
        for page in PAGES:
            taken = []
            for _ in range(ROUNDS):
                begin = time.perf_counter()
                statements = await statements_of(app, browser, page)
                taken.append((time.perf_counter() - begin) * 1000)
            async with app.database.engine.connect() as connection:
                costs = [await cost_of(connection, statements) for _ in range(ROUNDS)]
            least = min(costs)
            is_over = min(taken) > LIMIT_MILLISECONDS or len(statements) > MOST_STATEMENTS
            print(
                f"| `{page}` | {len(statements)} | {min(taken):.1f} ms "
                f"| {least.milliseconds:.1f} ms | {least.blocks:,} |"
                f"{' TOO MUCH' if is_over else ''}",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="a folder that keeps the site")
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=100_000)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        kept = arguments.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        )
        asyncio.run(main(kept, arguments.people, arguments.posts))
