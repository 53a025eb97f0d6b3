"""Measures how long others wait to comment while an account with 10,000 comments is deleted.

Usage: python -m benchmarks.deletion

Serves a demonstration of 10,000 posts and 20,000 comments by two workers, one of which runs the
job. Half of the comments become those of one person, on all posts. Three others comment by the API
on the newest posts, which have such comments, ten times a second in all: first without, then during
the deletion. Prints a table in Markdown. Rate limits are off. It takes two minutes.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median, quantiles

import httpx
from sqlalchemy import exists, select, text

from benchmarks.pages import credentials
from benchmarks.sites import SMALL, opened_site
from benchmarks.visitors import Visitor
from blog.core.db.database import Database
from blog.demo.people import CAST
from blog.models import AccountDeletion, Comment, Post, User
from blog.posts.counts import recount
from tests.servers import run, serving

WRITERS = 3
PAUSE_SECONDS = 0.3
QUIET_SECONDS, MOST_SECONDS = 20.0, 120.0
LEAVING = CAST[WRITERS]


async def give_comments(database: Database) -> int:
    """Make half of all comments those of the person who will leave; returns their number."""
    async with database.session() as session:
        changed = await session.execute(
            text("""
                UPDATE comments SET author_id = (SELECT id FROM users WHERE username = :name)
                WHERE id % 2 = 0
            """),
            {"name": LEAVING.username},
        )
        await session.commit()
        await recount(session)
    return changed.rowcount  # type: ignore[attr-defined, no-any-return]


async def discussed(database: Database) -> list[int]:
    """The ids of others' newest posts with a comment of the person who will leave."""
    leaving = select(User.id).where(User.username == LEAVING.username).scalar_subquery()
    has_comment = exists().where(Comment.post_id == Post.id, Comment.author_id == leaving)
    others = select(Post.id).where(has_comment, Post.author_id != leaving)
    newest = others.order_by(Post.id.desc()).limit(100)
    async with database.session() as session:
        return list(await session.scalars(newest))


async def comment(
    url: str, number: int, posts: list[int], is_over: Callable[[], Awaitable[bool]]
) -> list[float]:
    """Comment until it is over; returns how long each comment took, in ms."""
    took = []
    async with Visitor(url) as writer:
        writer.headers.update(await credentials(url, number, None))
        turn = 0
        while not await is_over():
            post = posts[(number + WRITERS * turn) % len(posts)]
            start = time.perf_counter()
            answer = await writer.post(
                f"/api/v1/posts/{post}/comments/", json={"body": f"Comment {number}.{turn}"}
            )
            took.append((time.perf_counter() - start) * 1000)
            assert answer.status_code == httpx.codes.CREATED, answer.text
            turn += 1
            await asyncio.sleep(PAUSE_SECONDS)
    return took


async def comment_at_once(
    url: str, posts: list[int], is_over: Callable[[], Awaitable[bool]]
) -> list[float]:
    """Let all writers comment until it is over."""
    writers = (comment(url, number, posts, is_over) for number in range(WRITERS))
    return [each for took in await asyncio.gather(*writers) for each in took]


def row(situation: str, took: list[float]) -> str:
    """A row of the table."""
    p99 = quantiles(took, n=100)[-1]
    figures = f"{median(took):.0f} ms | {p99:.0f} ms | {max(took):.0f} ms | {len(took)}"
    return f"| {situation} | {figures} |"


async def main(folder: Path) -> None:
    """Serve a site, measure, and print."""
    async with opened_site(folder, SMALL) as database:
        number = await give_comments(database)
        posts = await discussed(database)
        async with serving(folder, web_concurrency=2, rate_limits="off") as server:
            end = time.monotonic() + QUIET_SECONDS

            async def is_quiet_over() -> bool:
                return time.monotonic() > end

            quiet = await comment_at_once(server.url, posts, is_quiet_over)
            code, printed = await run(folder, "blog", "user", "delete", LEAVING.username, "--yes")
            assert code == 0, printed
            start = time.monotonic()

            async def is_deleted() -> bool:
                async with database.session() as session:
                    left = await session.scalar(select(exists().select_from(AccountDeletion)))
                return not left or time.monotonic() > start + MOST_SECONDS

            beside = await comment_at_once(server.url, posts, is_deleted)
            seconds = time.monotonic() - start
    print("| A comment takes | median | 99th percentile | longest | comments |")
    print("| --- | --- | --- | --- | --- |")
    print(row("before", quiet))
    print(row(f"while an account with {number:,} comments is deleted ({seconds:.0f} s)", beside))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(__doc__)
    else:
        with tempfile.TemporaryDirectory(prefix="broadside-", ignore_cleanup_errors=True) as name:
            asyncio.run(main(Path(name)))
