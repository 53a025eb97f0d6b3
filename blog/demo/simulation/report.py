"""The table of a simulation, and which way costs less."""

from typing import NamedTuple

from blog.demo.simulation.measuring import Measured
from blog.demo.simulation.timelines import Cost

HEAD = ("", "statements", "ms", "blocks", "rows written", "log, kB", "log after a checkpoint, kB")


class Day(NamedTuple):
    """What people do in a day.

    Attributes:
        pages: how many pages of their timeline someone reads.
        posts: how many posts someone writes.
    """

    pages: float
    posts: float


def table(measured: Measured) -> list[str]:
    """The lines of a table in Markdown."""
    lines = [_row(HEAD), _row(["---"] * len(HEAD))]
    for following, (today, stored) in measured.pages.items():
        lines.append(_row([f"a page, following {following:,}: as now", *_cells(today)]))
        lines.append(_row([f"a page, following {following:,}: stored", *_cells(stored)]))
    for followers, (first, later) in measured.posts.items():
        cells = *_cells(later), f"{first.log / 1000:,.1f}"
        lines.append(_row([f"storing a post, {followers:,} followers", *cells]))
    return lines


def _cells(cost: Cost) -> list[str]:
    cells = [f"{cost.statements}", f"{cost.milliseconds:,.1f}", f"{cost.blocks:,}"]
    return cells + ([f"{cost.rows:,}", f"{cost.log / 1000:,.1f}"] if cost.rows else [])


def _row(cells: "tuple[str, ...] | list[str]") -> str:
    padded = (*cells, *[""] * (len(HEAD) - len(cells)))
    return f"| {' | '.join(padded)} |"


def blocks_of_entry(measured: Measured) -> float:
    """The blocks that it takes to store an entry, of the post with the most followers."""
    later = measured.posts[max(measured.posts)][1]
    return later.blocks / later.rows


def break_even(measured: Measured) -> dict[int, float]:
    """For each number of people followed, how many posts may arrive for each page that is read
    before storing them touches more blocks than finding them."""
    of_entry = blocks_of_entry(measured)
    return {
        following: (today.blocks - stored.blocks) / of_entry
        for following, (today, stored) in measured.pages.items()
    }


def more_blocks(measured: Measured) -> str:
    """How many blocks storing an entry touches, and how many more a page as now, in a line."""
    line = (
        f"Storing an entry touches {blocks_of_entry(measured):.1f} blocks, and takes "
        f"{measured.bytes_of_entry:.0f} bytes of disk."
    )
    entries = break_even(measured)
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
            f"follow {_either(fewer)} people."
        )
    return line


def _either(numbers: list[str]) -> str:
    """Numbers in a sentence: `10, 20 or 30`."""
    return " or ".join(filter(None, (", ".join(numbers[:-1]), numbers[-1])))


def verdict(measured: Measured, day: Day) -> str:
    """Which way costs less, in one line.

    It compares blocks: they are exact, while times depend on what else the machine does.
    """
    wins = [
        f"{following:,}"
        for following, posts_per_page in break_even(measured).items()
        if posts_per_page * day.pages > following * day.posts
    ]
    habits = f"With {day.pages:g} pages read and {day.posts:g} posts written per person and day"
    if not wins:
        return f"{habits}, fan-out on read touches fewer blocks for all of these readers."
    those = f"readers who follow {_either(wins)} people"
    return f"{habits}, fan-out on write touches fewer blocks for {those}."
