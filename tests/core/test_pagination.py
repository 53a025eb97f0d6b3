"""Numbered pages."""

import pytest

from blog.core.db.pagination import ANY_PAGE, Page, PageRequest


def page(number: int, total: int | None, size: int = 10) -> Page[int]:
    wanted = PageRequest(number, size)
    rows = range(total or 0)[wanted.offset : wanted.offset + wanted.limit]
    return Page.of(list(rows), wanted, total, cursor_of=str, deepest=ANY_PAGE)


@pytest.mark.parametrize(
    ("number", "pages", "expected"),
    [
        (1, 1, ""),
        (1, 2, "1 2"),
        (1, 5, "1 2 3 4 5"),
        (1, 9, "1 2 3 … 9"),
        (4, 9, "1 2 3 4 5 6 … 9"),
        (5, 9, "1 2 3 4 5 6 7 8 9"),
        (400, 50000, "1 … 398 399 400 401 402 … 50000"),
        (50000, 50000, "1 … 49998 49999 50000"),
        (60000, 50000, "1 … 50000"),
    ],
)
def test_a_pager_shows_both_ends_and_the_neighbours(number: int, pages: int, expected: str) -> None:
    shown = page(number, pages * 10).numbers()
    assert " ".join("…" if each is None else str(each) for each in shown) == expected


@pytest.mark.parametrize(
    ("total", "last"), [(0, 1), (1, 1), (10, 1), (11, 2), (20, 2), (None, None)]
)
def test_the_last_page_is_known_from_the_total(total: int | None, last: int | None) -> None:
    assert page(1, total).last_number == last


def test_each_page_knows_its_neighbours() -> None:
    assert (page(1, 25).previous_number, page(1, 25).next_number) == (None, 2)
    assert (page(2, 25).previous_number, page(2, 25).next_number) == (1, 3)
    assert (page(3, 25).previous_number, page(3, 25).next_number) == (2, None)


def test_from_past_the_end_the_way_back_leads_to_the_last_page() -> None:
    beyond = page(99, 25)
    assert beyond.is_past_the_end
    assert (beyond.previous_number, beyond.next_number) == (3, None)
    assert not page(1, 0).is_past_the_end


@pytest.mark.parametrize(("position", "number"), [(0, 1), (1, 1), (10, 1), (11, 2)])
def test_a_row_is_found_on_its_page(position: int, number: int) -> None:
    assert PageRequest.holding(position, 10).number == number
