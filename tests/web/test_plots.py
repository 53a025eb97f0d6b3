"""Plots: their scale, their bars and lines, and what they say."""

from datetime import date, timedelta

import pytest

from blog.core.web.plots import HEIGHT, WIDTH, Plot, Row, Value, hours, size

FIRST = date(2026, 11, 2)


def plot_of(*numbers: tuple[Value, ...], **values: object) -> Plot:
    """A plot of numbers of successive days, of which the last is not over."""
    rows = [
        Row(FIRST + timedelta(days=day), each, day == len(numbers) - 1)
        for day, each in enumerate(numbers)
    ]
    series = ["Made", "Closed"][: len(numbers[0]) if numbers else 1]
    return Plot("x", "X", series, rows, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("largest", "written", "top"),
    [
        (0, None, "1"), (1, None, "1"), (7, None, "8"), (11, None, "15"), (1_001, None, "1,500"),
        (10**9, None, "1,000,000,000"), (100, hours, "15 min"), (5_400, hours, "2 h"),
        (90_000, hours, "36 h"), (900_000, hours, "15 d"), (1, size, "1 B"),
        (1_000, size, "1 KiB"), (700 * 2**20, size, "1 GiB"), (3 * 2**40, size, "4 TiB"),
    ],
)  # fmt: skip
def test_scales_end_at_round_numbers(largest: int, written: object, top: str) -> None:
    plot = plot_of((largest,), **({"written": written} if written else {}))
    assert plot.written(plot.top) == top
    assert plot.top >= largest


def test_a_plot_draws_and_tells_what_is_known_and_leaves_gaps() -> None:
    plot = plot_of((5, 1), (None, None), (0, 4), (10, 2))
    assert [(bar.says, bar.is_partial) for bar in plot.bars] == [
        ("2 November: 5", False), ("5 November: 10", True),
    ]  # fmt: skip
    for bar in plot.bars:
        assert 0 <= bar.x < bar.x + bar.width <= WIDTH
        assert bar.y + bar.height == pytest.approx(HEIGHT)
    assert plot.bars[-1].height == HEIGHT
    assert plot.lines == ["125.00,90.00 125.00,90.00", "625.00,60.00 875.00,80.00"]
    assert plot.description == (
        "4 days, from 2 November to 5 November. Made: 10 at the end, at most 10, on 5 November. "
        "Closed: 2 at the end, at most 4, on 4 November."
    )
    assert [cells for _, cells in plot.table[:2]] == [["5", "1"], ["", ""]]
    for nothing in (plot_of(), plot_of((None,), (None,))):
        assert nothing.description == "There's no data yet."
        assert not nothing.bars
        assert not nothing.lines
