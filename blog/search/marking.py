"""Show why a post was found: mark its words, and show the part of its text with most of them.

PostgreSQL has a function for this, `ts_headline`, but its result is not safe HTML, and it supports
neither folded letters nor pairs of characters.
"""

import re
from collections.abc import Sequence
from html import unescape
from typing import NamedTuple

from markupsafe import Markup, escape

from blog.core.text.search_words import SEPARATORS, fold, folded_words, is_unspaced
from blog.core.text.shortening import end_of_graphemes
from blog.core.text.visibility import TAG

# The length of a snippet, and of its part before the first mark, in characters.
SHOWN, BEFORE = 240, 60
# The longest ending that a stemmer may have cut off, and the shortest stem to match, in characters.
LONGEST_ENDING, SHORTEST_STEM = 4, 3

_NO_SEPARATOR = SEPARATORS.removeprefix("[").removesuffix("]+")
_WORD = re.compile(rf"[A-Za-z]+(?:\+\+|\#)|[^\s{_NO_SEPARATOR}]+")
_CUT_TAG = re.compile(r"<[^>]*\Z")


class Marks(NamedTuple):
    """The words to mark.

    Attributes:
        words: the folded words of the search.
        lexemes: their forms in the languages of the site.
    """

    words: frozenset[str]
    lexemes: frozenset[str]

    def ranges(self, text: str) -> list[tuple[int, int]]:
        """The starts and ends of the parts of a text to mark."""
        known: dict[str, bool] = {}
        found: list[tuple[int, int]] = []
        for word in _WORD.finditer(text):
            spelling = word[0]
            if not spelling.isascii() and any(map(is_unspaced, spelling)):
                found += self._ranges_within(spelling, word.start())
            else:
                if spelling not in known:
                    known[spelling] = any(map(self._matches_word, folded_words(spelling)))
                if known[spelling]:
                    found.append(word.span())
        return found

    def _matches_word(self, word: str) -> bool:
        return word in self.words or any(
            len(lexeme) >= SHORTEST_STEM
            and word.startswith(lexeme if lexeme[-1] != "i" else lexeme[:-1])
            and len(word) <= len(lexeme) + LONGEST_ENDING
            for lexeme in self.lexemes
        )

    def _ranges_within(self, spelling: str, start: int) -> list[tuple[int, int]]:
        """The parts to mark in a text without spaces, such as Chinese."""
        if len(same := spelling.lower()) != len(spelling):
            same = spelling
        ranges = [
            (found.start() + start, found.end() + start)
            for word in self.words
            for found in re.finditer(re.escape(word), same)
        ]
        if not ranges and any(word in fold(spelling) for word in self.words):
            return [(start, start + len(spelling))]
        return sorted(ranges)


def text_of(html: str) -> str:
    """The text of sanitised HTML, or of its beginning, on one line."""
    return " ".join(unescape(TAG.sub("", _CUT_TAG.sub("", html))).split())


def mark(text: str, marks: Marks) -> Markup:
    """Mark the words in a text; returns HTML."""
    return _mark_ranges(text, marks.ranges(text))


def snippet(text: str, marks: Marks) -> Markup:
    """The part of a text with the most marks, or its beginning, as HTML."""
    ranges = marks.ranges(text)
    start = _best_start(text, ranges)
    end = start + SHOWN
    if end < len(text):
        # Don't cut within a word, unless it is a long one, nor within a grapheme.
        space = text.rfind(" ", end - BEFORE, end + 1)
        end = space if space > 0 else start + end_of_graphemes(text[start:], SHOWN)
    inside = [(at - start, to - start) for at, to in ranges if at >= start and to <= end]
    shown = _mark_ranges(text[start:end], inside)
    return Markup("{}{}{}").format("… " if start else "", shown, " …" if end < len(text) else "")


def _best_start(text: str, ranges: Sequence[tuple[int, int]]) -> int:
    """The start of the snippet: a little before the position from which most marks fit."""
    best, most, last = 0, 0, 0
    for number, (at, _) in enumerate(ranges):
        while last < len(ranges) and ranges[last][1] <= at + SHOWN - BEFORE:
            last += 1
        # Several marks of the same word are no better than one.
        different = len({text[begin:end].lower() for begin, end in ranges[number:last][:20]})
        if different > most:
            best, most = at, different
    if best <= BEFORE:
        return 0
    space = text.find(" ", best - BEFORE, best)
    return space + 1 if space >= 0 else best


def _mark_ranges(text: str, ranges: Sequence[tuple[int, int]]) -> Markup:
    parts, end = [], 0
    for at, to in ranges:
        if at >= end:
            parts += [escape(text[end:at]), Markup("<mark>{}</mark>").format(text[at:to])]
            end = to
    return Markup("").join([*parts, escape(text[end:])])
