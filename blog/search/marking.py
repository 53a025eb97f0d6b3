"""Showing why a post was found: its words are marked, and the part of its text with most of them.

The database has a function for it, `ts_headline`, whose result is not safe HTML, and which knows
neither folded letters nor pairs of characters.
"""

import re
from collections.abc import Sequence
from html import unescape
from typing import NamedTuple

from markupsafe import Markup, escape

from blog.core.text.search_words import SEPARATORS, folded, folded_words, is_unspaced
from blog.core.text.shortening import end_of_graphemes
from blog.core.text.visibility import TAG

# How much of a text is shown, and how much of that before its first mark, in characters.
SHOWN, BEFORE = 240, 60
# The end of a word that a stemmer may have cut off, in characters; shorter stems are no stems.
LONGEST_ENDING, SHORTEST_STEM = 4, 3

_NO_SEPARATOR = SEPARATORS.removeprefix("[").removesuffix("]+")
_WORD = re.compile(rf"[A-Za-z]+(?:\+\+|\#)|[^\s{_NO_SEPARATOR}]+")
_CUT_TAG = re.compile(r"<[^>]*\Z")


class Marks(NamedTuple):
    """What is marked.

    Attributes:
        words: the folded words that were searched for.
        lexemes: their forms in the languages of the site.
    """

    words: frozenset[str]
    lexemes: frozenset[str]

    def ranges(self, text: str) -> list[tuple[int, int]]:
        """The beginnings and ends of what is to be marked in a text."""
        known: dict[str, bool] = {}
        found: list[tuple[int, int]] = []
        for word in _WORD.finditer(text):
            spelling = word[0]
            if not spelling.isascii() and any(map(is_unspaced, spelling)):
                found += self._within(spelling, word.start())
            else:
                if spelling not in known:
                    known[spelling] = any(map(self._has, folded_words(spelling)))
                if known[spelling]:
                    found.append(word.span())
        return found

    def _has(self, word: str) -> bool:
        return word in self.words or any(
            len(lexeme) >= SHORTEST_STEM
            and word.startswith(lexeme if lexeme[-1] != "i" else lexeme[:-1])
            and len(word) <= len(lexeme) + LONGEST_ENDING
            for lexeme in self.lexemes
        )

    def _within(self, spelling: str, start: int) -> list[tuple[int, int]]:
        """Parts of a sequence of characters that are written together."""
        if len(same := spelling.lower()) != len(spelling):
            same = spelling
        ranges = [
            (found.start() + start, found.end() + start)
            for word in self.words
            for found in re.finditer(re.escape(word), same)
        ]
        if not ranges and any(word in folded(spelling) for word in self.words):
            return [(start, start + len(spelling))]
        return sorted(ranges)


def text_of(html: str) -> str:
    """The text of sanitised HTML, or of its beginning, in one line."""
    return " ".join(unescape(TAG.sub("", _CUT_TAG.sub("", html))).split())


def marked(text: str, marks: Marks) -> Markup:
    """A text with its marks, as HTML."""
    return _html(text, marks.ranges(text))


def snippet(text: str, marks: Marks) -> Markup:
    """The part of a text with most marks, or its beginning, as HTML."""
    ranges = marks.ranges(text)
    start = _best_start(text, ranges)
    end = start + SHOWN
    if end < len(text):
        # Not within a word, unless it is a long one, and not within a grapheme.
        space = text.rfind(" ", end - BEFORE, end + 1)
        end = space if space > 0 else start + end_of_graphemes(text[start:], SHOWN)
    inside = [(at - start, to - start) for at, to in ranges if at >= start and to <= end]
    shown = _html(text[start:end], inside)
    return Markup("{}{}{}").format("… " if start else "", shown, " …" if end < len(text) else "")


def _best_start(text: str, ranges: Sequence[tuple[int, int]]) -> int:
    """Where to begin: somewhat before the first of the most marks that fit."""
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


def _html(text: str, ranges: Sequence[tuple[int, int]]) -> Markup:
    parts, end = [], 0
    for at, to in ranges:
        if at >= end:
            parts += [escape(text[end:at]), Markup("<mark>{}</mark>").format(text[at:to])]
            end = to
    return Markup("").join([*parts, escape(text[end:])])
