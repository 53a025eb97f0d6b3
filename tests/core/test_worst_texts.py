"""No text takes many times as long as an ordinary post; each run searches for one."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache

import pytest

from blog.core.text import highlighting
from blog.core.text.highlighting import _LONGEST_PERL, highlight_code
from blog.core.text.markdown import render_document, render_inline
from blog.core.text.mathml import LONGEST_FORMULA, mathml
from blog.core.text.syntax.budget import TooComplexError
from blog.core.text.syntax.code import LONGEST_HIGHLIGHTED
from blog.core.text.syntax.math import LONGEST_MATHS
from tests.core.worst import CODE, MARKDOWN, MATHS, Text, processor_time, search

LONGEST_POST, LONGEST_COMMENT = 65_536, 8_192
PARAGRAPH = "Some *words* of **ordinary** text, [a link](https://example.com) and `code`.\n\n"
# Measured are 8 for posts and 3 for code; the limit of processor time is at 25.
MOST_TIMES = 12
LEXERS = sorted(set(highlighting._LANGUAGES.values()))


ORDINARY_POST = (PARAGRAPH * 1000)[:LONGEST_POST]


@cache
def ordinary_cost() -> float:
    """What an ordinary post of full length takes when nothing else is done."""
    ordinary = processor_time(render_document)
    return min(ordinary(ORDINARY_POST) for _ in range(3))


def costs_less(times: float, render: Callable[[str], object], source: str) -> bool:
    """Whether rendering takes less than so many times what an ordinary post of full length takes.

    What is no longer than that is measured once. Otherwise both are measured one after the other,
    three times at the most: other work on the machine makes a measurement longer.
    """
    cost, ordinary = processor_time(render), processor_time(render_document)
    if cost(source) < times * ordinary_cost():
        return True
    return any(cost(source) < times * ordinary(ORDINARY_POST) for _ in range(3))


def rendered_or_refused(source: str) -> None:
    """Render a post; one that is refused costs time as well."""
    with suppress(TooComplexError):
        render_document(source)


@pytest.mark.parametrize("part", range(6))
def test_no_post_costs_much_more_than_an_ordinary_one(part: int) -> None:
    cost = processor_time(rendered_or_refused)
    _, found = search(cost, MARKDOWN, small=4_096, full=LONGEST_POST, part=part)
    source = found.of_length(LONGEST_POST)
    assert costs_less(MOST_TIMES, rendered_or_refused, source), found


def test_no_comment_costs_much_more_than_an_ordinary_post() -> None:
    _, found = search(processor_time(render_inline), MARKDOWN, small=2_048, full=LONGEST_COMMENT)
    assert costs_less(2, render_inline, found.of_length(LONGEST_COMMENT)), found


@pytest.mark.parametrize("language", LEXERS)
def test_no_code_costs_much_more_than_an_ordinary_post(language: str) -> None:
    def render(code: str) -> None:
        highlight_code(code, language)

    longest = _LONGEST_PERL if language == "perl" else LONGEST_HIGHLIGHTED
    _, found = search(processor_time(render), CODE, small=1_000, full=longest)
    assert costs_less(MOST_TIMES, render, found.of_length(longest)), found


def test_no_formulas_cost_much_more_than_an_ordinary_post() -> None:
    def render(formula: str) -> None:
        for _ in range(LONGEST_MATHS // LONGEST_FORMULA):
            mathml(formula, is_displayed=True)

    _, found = search(processor_time(render), MATHS, small=200, full=LONGEST_FORMULA)
    assert costs_less(MOST_TIMES, render, found.of_length(LONGEST_FORMULA)), found


# What was found once, by hand or by a search, is tried each time.
KNOWN = [
    ("|www.", ""), ("|www.a.b", ""), ("http://a.b/(", ""), ("://", ""), ("[", ""), ("![", ""),
    ("a|b\n-|-\n", ""), ("- a\n", ""), ("# a\n|-\n", ""), ("**真", ""), ("1. a\n\n   b\n", ""),
    ("![", "](a)"), ("[", "](a)"), ("*a **b ", ""), ("&", ""), ("<http:a>", ""),
    ("[^a]", ""), ("[^a]: b\n", ""), ("[^a]\n\n[^a]: b\n\n", ""), ("[^a]: [^b]: ", ""), ("[^", ""),
    ("# a\n[a](#a)\n", ""), ("# a\n[toc]\n\n", ""), ("- [ ] a\n", ""), ("> - [ ] ", ""),
    ("> [!TIP]\n", ""), ("> [!TIP]\n> a\n\n", ""), ("a\n: b\n", ""), (": ", ""),
    ("a\n: : : b\n", ""),
    ("==", ""), ("==a", ""), ("==a ", ""), ("*==a ", ""), ("==a", "b=="), ("$", ""), ("$a ", ""),
    ("$$\n", ""), ("$$a\n", ""), ("$a$ ", ""), ("|$a$|\n|-|\n", ""),
    ("```c {1-99999}\na\n```\n", ""),
]  # fmt: skip


@pytest.mark.parametrize(("unit", "closing"), KNOWN)
def test_texts_that_were_slow_are_fast(unit: str, closing: str) -> None:
    text = Text("", unit, closing)
    assert costs_less(MOST_TIMES, rendered_or_refused, text.of_length(LONGEST_POST))
    with suppress(TooComplexError):
        assert costs_less(2, render_inline, text.of_length(LONGEST_COMMENT))


@pytest.mark.parametrize(
    ("language", "unit"),
    [("cpp", "\f"), ("c", "\n"), ("cpp", "\n" * 99 + "a"), ("perl", "m{"), ("perl", "<m{{{"),
     ("perl", "'a\n"), ("js", '\\"'), ("css", '\\"@media '), ("html", "<!--q("), ("kotlin", "`/*")],
)  # fmt: skip
def test_code_that_was_costly_once_no_longer_is(language: str, unit: str) -> None:
    for length in (_LONGEST_PERL, LONGEST_HIGHLIGHTED):
        code = Text("", unit, "").of_length(length)
        fence = f"```{language}\n{code}\n```"
        assert costs_less(MOST_TIMES, render_document, fence)
