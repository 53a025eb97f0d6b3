"""Measuring both kinds of timelines, within a time limit."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from blog.demo.simulation.shape import Shape
from blog.demo.simulation.timelines import STORED, Cost, measure_reading, measure_storing
from blog.posts.lists import PostList
from blog.posts.queries import FOLLOWED

# The approximate numbers of followers of the authors to measure.
FOLLOWERS = (10, 100, 1_000, 10_000, 100_000)
NEAR = 0.3
ROUNDS = 3
# The first post after a checkpoint, which logs full pages, and three more.
POSTS_OF_AN_AUTHOR = 4


@dataclass
class Measurements:
    """The measurements until the time was up.

    Attributes:
        pages: the costs of reading the first page as it is now, and from entries, by the number of
            people followed.
        posts: the costs of storing the entries of the first post after a checkpoint, and of a later
            post, by the number of followers.
        bytes_of_entry: the size of an entry in the table and its index.
        is_complete: whether the time was sufficient.
    """

    pages: dict[int, tuple[Cost, Cost]] = field(default_factory=dict)
    posts: dict[int, tuple[Cost, Cost]] = field(default_factory=dict)
    bytes_of_entry: float = 0
    is_complete: bool = True


async def measure(
    connection: AsyncConnection, rows: Shape, published_at: datetime, seconds: float
) -> Measurements:
    """Measure pages and posts one after another, the small ones first.

    Args:
        connection: a connection with loaded tables.
        rows: the rows that were loaded.
        published_at: the time of publication of the new posts.
        seconds: no measurement starts later than this, except for the first of each kind.
    """
    end = time.monotonic() + seconds
    measurements = Measurements(bytes_of_entry=await _bytes_of_entry(connection))

    async def within_time(work: Callable[[], Awaitable[None]], *, is_first: bool) -> None:
        if is_first or time.monotonic() < end:
            await work()
        else:
            measurements.is_complete = False

    for following, readers in rows.readers.items():

        async def read(following: int = following, readers: range = readers) -> None:
            measurements.pages[following] = (
                await _page(connection, FOLLOWED, readers), await _page(connection, STORED, readers)
            )  # fmt: skip

        await within_time(read, is_first=not measurements.pages)
    post = len(rows.authors)
    for wanted in FOLLOWERS:
        author = rows.find_author(wanted)
        followers = rows.follower_count[author]
        if abs(followers - wanted) > NEAR * wanted:
            continue

        async def store(author: int = author, followers: int = followers) -> None:
            nonlocal post
            await connection.execute(text("CHECKPOINT"))
            costs = []
            for _ in range(POSTS_OF_AN_AUTHOR):
                post += 1
                costs.append(await measure_storing(connection, author, post, published_at))
            measurements.posts[followers] = costs[0], median_cost(costs[1:])

        await within_time(store, is_first=not measurements.posts)
    return measurements


async def _page(connection: AsyncConnection, timeline: PostList, readers: range) -> Cost:
    """The median cost of the pages of several readers, each the best of `ROUNDS`."""
    return median_cost([
        min([await measure_reading(connection, timeline, reader) for _ in range(ROUNDS)],
            key=lambda cost: cost.milliseconds)
        for reader in readers
    ])  # fmt: skip


def median_cost(costs: list[Cost]) -> Cost:
    """The cost with the median number of blocks."""
    return sorted(costs, key=lambda cost: cost.blocks)[len(costs) // 2]


async def _bytes_of_entry(connection: AsyncConnection) -> float:
    statement = "SELECT pg_total_relation_size('timeline_entries')::float / count(*)"
    size: float = await connection.scalar(text(f"{statement} FROM timeline_entries"))
    return size
