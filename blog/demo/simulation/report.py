"""The report of a simulation: a table, and which kind of timelines costs less."""

from typing import NamedTuple

from blog.demo.simulation.measuring import Measurements
from blog.demo.simulation.timelines import Cost

HEAD = ("", "statements", "ms", "blocks", "rows written", "log, kB", "log after a checkpoint, kB")


class Day(NamedTuple):
    """The activity of a person per day.

    Attributes:
        pages: how many pages of their timeline they read.
        posts: how many posts they write.
    """

    pages: float
    posts: float


def format_table(measurements: Measurements) -> list[str]:
    """Format the measurements as the lines of a table in Markdown."""
    lines = [_row(HEAD), _row(["---"] * len(HEAD))]
    for following, (today, stored) in measurements.pages.items():
        lines.append(_row([f"a page, following {following:,}: as now", *_cells(today)]))
        lines.append(_row([f"a page, following {following:,}: stored", *_cells(stored)]))
    for followers, (first, later) in measurements.posts.items():
        cells = *_cells(later), f"{first.log / 1000:,.1f}"
        lines.append(_row([f"storing a post, {followers:,} followers", *cells]))
    return lines


def _cells(cost: Cost) -> list[str]:
    cells = [f"{cost.statements}", f"{cost.milliseconds:,.1f}", f"{cost.blocks:,}"]
    return cells + ([f"{cost.rows:,}", f"{cost.log / 1000:,.1f}"] if cost.rows else [])


def _row(cells: "tuple[str, ...] | list[str]") -> str:
    padded = (*cells, *[""] * (len(HEAD) - len(cells)))
    return f"| {' | '.join(padded)} |"


def blocks_of_entry(measurements: Measurements) -> float:
    """The number of blocks per stored entry, for the author with the most followers."""
    later = measurements.posts[max(measurements.posts)][1]
    return later.blocks / later.rows


def break_even(measurements: Measurements) -> dict[int, float]:
    """How many posts may arrive for each page that is read, before storing them touches more blocks
    than finding them, by the number of people followed."""
    of_entry = blocks_of_entry(measurements)
    return {
        following: (today.blocks - stored.blocks) / of_entry
        for following, (today, stored) in measurements.pages.items()
    }


def format_blocks(measurements: Measurements) -> str:
    """Format a line about the blocks that storing an entry touches, and those that reading a page
    as now touches in addition."""
    line = (
        f"Storing an entry touches {blocks_of_entry(measurements):.1f} blocks, and takes "
        f"{measurements.bytes_of_entry:.0f} bytes of disk."
    )
    entries = break_even(measurements)
    more = [f"{n:.0f} (following {of:,})" for of, n in entries.items() if n > 0]
    fewer = [f"{of:,}" for of, n in entries.items() if n <= 0]
    if more:
        line += (
            " Reading a page as now touches as many more blocks as storing these entries: "
            f"{', '.join(more)}."
        )
    if fewer:
        line += (
            " Reading a page as now touches no more blocks than reading a stored one for those who "
            f"follow {_join_with_or(fewer)} people."
        )
    return line


def _join_with_or(numbers: list[str]) -> str:
    """Join numbers for a sentence: `10, 20 or 30`."""
    return " or ".join(filter(None, (", ".join(numbers[:-1]), numbers[-1])))


def format_verdict(measurements: Measurements, day: Day) -> str:
    """Say in one line which kind of timelines costs less.

    It compares blocks, because they are exact, while times depend on the load of the machine.
    """
    wins = [
        f"{following:,}"
        for following, posts_per_page in break_even(measurements).items()
        if posts_per_page * day.pages > following * day.posts
    ]
    habits = f"With {day.pages:g} pages read and {day.posts:g} posts written per person and day"
    if not wins:
        return f"{habits}, fan-out on read touches fewer blocks for all of these readers."
    those = f"readers who follow {_join_with_or(wins)} people"
    return f"{habits}, fan-out on write touches fewer blocks for {those}."
