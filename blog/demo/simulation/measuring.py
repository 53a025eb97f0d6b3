"""Measures both ways to a timeline, within a time."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from blog.demo.simulation.shape import Shape
from blog.demo.simulation.timelines import STORED, Cost, cost_of_reading, cost_of_storing
from blog.posts.lists import PostList
from blog.posts.queries import FOLLOWED

# Authors with about so many followers are measured.
FOLLOWERS = (10, 100, 1_000, 10_000, 100_000)
NEAR = 0.3
ROUNDS = 3
# A post in the log's full pages, and those after it.
POSTS_OF_AN_AUTHOR = 4


@dataclass
class Measured:
    """What was measured before the time was up.

    Attributes:
        pages: by the number of people followed, what the first page costs as it is read now, and
            from entries.
        posts: by the number of followers, what it costs to store the entries of the first post
            after a checkpoint, and of later ones.
        bytes_of_entry: of the table and its index.
        is_complete: whether the time sufficed.
    """

    pages: dict[int, tuple[Cost, Cost]] = field(default_factory=dict)
    posts: dict[int, tuple[Cost, Cost]] = field(default_factory=dict)
    bytes_of_entry: float = 0
    is_complete: bool = True


async def measure(
    connection: AsyncConnection, rows: Shape, moment: datetime, seconds: float
) -> Measured:
    """Measure one page and one post after the other, the small ones first.

    Args:
        connection: one whose tables are loaded.
        rows: what they were loaded with.
        moment: when the new posts are published.
        seconds: no measurement begins later than this; the first of each kind always does.
    """
    end = time.monotonic() + seconds
    measured = Measured(bytes_of_entry=await _bytes_of_entry(connection))

    async def within_time(work: Callable[[], Awaitable[None]], *, is_first: bool) -> None:
        if is_first or time.monotonic() < end:
            await work()
        else:
            measured.is_complete = False

    for following, readers in rows.readers.items():

        async def read(following: int = following, readers: range = readers) -> None:
            measured.pages[following] = (
                await _page(connection, FOLLOWED, readers), await _page(connection, STORED, readers)
            )  # fmt: skip

        await within_time(read, is_first=not measured.pages)
    post = len(rows.authors)
    for wanted in FOLLOWERS:
        author = rows.author_with(wanted)
        followers = rows.follower_count[author]
        if abs(followers - wanted) > NEAR * wanted:
            continue

        async def store(author: int = author, followers: int = followers) -> None:
            nonlocal post
            await connection.execute(text("CHECKPOINT"))
            costs = []
            for _ in range(POSTS_OF_AN_AUTHOR):
                post += 1
                costs.append(await cost_of_storing(connection, author, post, moment))
            measured.posts[followers] = costs[0], typical(costs[1:])

        await within_time(store, is_first=not measured.posts)
    return measured


async def _page(connection: AsyncConnection, timeline: PostList, readers: range) -> Cost:
    """A typical cost of several readers' pages, each the best of some rounds."""
    return typical([
        min([await cost_of_reading(connection, timeline, reader) for _ in range(ROUNDS)],
            key=lambda cost: cost.milliseconds)
        for reader in readers
    ])  # fmt: skip


def typical(costs: list[Cost]) -> Cost:
    """The one whose number of blocks is the median."""
    return sorted(costs, key=lambda cost: cost.blocks)[len(costs) // 2]


async def _bytes_of_entry(connection: AsyncConnection) -> float:
    statement = "SELECT pg_total_relation_size('timeline_entries')::float / count(*)"
    size: float = await connection.scalar(text(f"{statement} FROM timeline_entries"))
    return size
