"""Counting the words of a text."""

import time

import pytest

from blog.core.text.reading_time import reading_minutes, word_count


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>Two words</p>", 2),
        ("<p>One<em>one</em></p><p>two</p>", 3),
        ("<p>don’t well-known 3.14 AT&amp;T</p>", 5),
        ('<p><a href="https://example.com/a b c">here</a></p>', 1),
        ("<p>真的很好看</p>", 3),
        ("<p>Python 很好</p>", 2),
        ("<hr>", 0),
        ("", 0),
    ],
)
def test_words_are_counted_as_they_are_seen(html: str, words: int) -> None:
    assert word_count(html) == words


def test_reading_takes_at_least_a_minute() -> None:
    assert [reading_minutes(words) for words in (0, 1, 238, 500, 2_380)] == [1, 1, 1, 2, 10]


def test_the_longest_texts_are_counted_in_no_time() -> None:
    began = time.process_time()
    for text in ("真" * 65_536, "<b>" * 20_000, "a-" * 32_000, "&lt;" * 65_536, "'" * 65_536):
        word_count(text)
    assert time.process_time() - began < 0.5
