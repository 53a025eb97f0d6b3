"""Compares the queries of lists on a small and a large site.

Usage: python -m benchmarks.page_queries [--keep FOLDER]

Loads two demonstrations, one with a hundred times as many posts as the other, asks for the same
pages of both by the queries that the pages use, and prints the medians and their ratio. Needs
some minutes and 4 GB of disk, or an earlier run's FOLDER.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.sites import LARGE, SMALL, opened_site
from blog.core.db.database import Database
from blog.core.db.pagination import DEEPEST_PAGE, Page, PageRequest
from blog.demo.history import Sizes
from blog.follows import queries as follows
from blog.models import User
from blog.posts import queries as posts

WARM_UP, ROUNDS = 10, 100
LIMIT = 1.3

Query = Callable[[AsyncSession], Awaitable[Page[Any]]]


async def pages(session: AsyncSession, last: int) -> dict[str, Query]:
    """The pages to ask for, by name.

    Args:
        session: a session on the site; also for finding the people whose pages they are.
        last: the number of the last page of the home list.
    """

    async def person(*order: Any) -> User:
        return (await session.scalars(select(User).order_by(*order).limit(1))).one()

    async def follower_of(number: int) -> User:
        few = select(User).where(User.following_count == number, User.id <= 20).limit(1)
        return (await session.scalars(few)).one()

    follows_many = await person(User.following_count.desc())
    follows_five = await follower_of(5)
    followed_most = await person(User.follower_count.desc())
    wrote_most = await person(User.post_count.desc())
    deep = min(DEEPEST_PAGE, -(-followed_most.follower_count // 50))

    return {
        "home, page 1": lambda s: posts.NEWEST.cards(s, PageRequest(1, 20)),
        "home, page 400": lambda s: posts.NEWEST.cards(s, PageRequest(400, 20)),
        "home, at 80 %": lambda s: posts.NEWEST.cards(s, PageRequest(last * 4 // 5, 20)),
        "home, past the end": lambda s: posts.NEWEST.cards(s, PageRequest(last + 10, 20)),
        f"followed, of {follows_many.following_count}": lambda s: posts.TIMELINE.cards(
            s, PageRequest(1, 20), follows_many.id
        ),
        "followed, of 5 who rarely write": lambda s: posts.TIMELINE.cards(
            s, PageRequest(1, 20), follows_five.id
        ),
        "followed, of the most followed": lambda s: posts.TIMELINE.cards(
            s, PageRequest(1, 20), followed_most.id
        ),
        "profile, page 1": lambda s: posts.BY_AUTHOR.cards(s, PageRequest(1, 20), wrote_most.id),
        "followers, page 1": lambda s: follows.followers(s, followed_most, PageRequest(1, 50)),
        "followers, last page": lambda s: follows.followers(
            s, followed_most, PageRequest(deep, 50)
        ),
    }


async def seconds_of(database: Database, query: Query) -> float:
    """The time of a query in a session of its own, as in a request."""
    async with database.session() as session:
        await session.connection()
        start = time.perf_counter()
        await query(session)
        return time.perf_counter() - start


async def queries_of(database: Database, sizes: Sizes) -> dict[str, Query]:
    """The pages to ask a site for."""
    async with database.session() as session:
        return await pages(session, sizes.posts // 20)


async def main(folder: Path) -> None:
    """Ask both sites in turn, so that whatever else the machine does slows both down."""
    async with (
        opened_site(folder / "small", SMALL) as small,
        opened_site(folder / "large", LARGE) as large,
    ):
        of_small, of_large = await queries_of(small, SMALL), await queries_of(large, LARGE)
        print(f"{'page':34} {SMALL.posts:>11,} {LARGE.posts:>11,}   ratio (at most {LIMIT})")
        for (name, on_small), on_large in zip(of_small.items(), of_large.values(), strict=True):
            times = [
                (await seconds_of(small, on_small), await seconds_of(large, on_large))
                for _ in range(WARM_UP + ROUNDS)
            ]
            few, many = (median(site) * 1000 for site in zip(*times[WARM_UP:], strict=True))
            print(f"{name:34} {few:8.2f} ms {many:8.2f} ms   {many / few:.2f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", type=Path, help="where the two sites stay for the next run")
    with ExitStack() as stack:
        kept = parser.parse_args().keep
        asyncio.run(main(kept or Path(stack.enter_context(tempfile.TemporaryDirectory()))))
