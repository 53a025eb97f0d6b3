"""The capacity model (`benchmarks/capacity.py`) and what docs/scaling.md says of it."""

from pathlib import Path

import pytest

from benchmarks.capacity import MEASURED, Habits, assumptions, plan, table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scaling.md"


def test_the_page_shows_the_tables_that_are_computed() -> None:
    page = PAGE.read_text()
    assert "\n".join(assumptions()) in page
    assert "\n".join(table()) in page


def test_a_hundred_times_as_many_people_need_a_hundred_times_as_much() -> None:
    small, large = plan(10_000), plan(1_000_000)
    assert [100 * figure for figure in small] == pytest.approx(list(large))
    assert (small.web_machines, small.replicas) == (2, 1), "either machine may fail"


def test_the_disk_is_what_all_days_write_and_the_peak_does_not_matter() -> None:
    habits = Habits(active=0.5, a_day=(("a like", 2), ("a new post", 1)), years=1)
    a_day = 50 * (2 * MEASURED["a like"].disk + MEASURED["a new post"].disk)
    for peak in (1, 10):
        assert plan(100, habits._replace(peak=peak)).disk == pytest.approx(365 * a_day)
    calm, busy = (plan(100, habits._replace(peak=peak)) for peak in (1, 10))
    assert busy.log == pytest.approx(10 * calm.log)
    assert calm.reading == 0
