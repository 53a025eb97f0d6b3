"""Shorten texts for titles and descriptions."""

import re
from html import unescape

import regex

from blog.core.text.visibility import TAG

ELLIPSIS = "…"
_GRAPHEME = regex.compile(r"\X")
# How far to look for the end of the grapheme at the limit; real ones are shorter.
LONGEST_GRAPHEME = 64
# A character of text seldom has more characters of HTML.
MARKUP = 32
# The labels of images and footnotes, and the annotations of formulas.
_UNREAD = re.compile(r"<(details|sup|annotation)\b.*?</\1>", re.DOTALL)
_BREAK = re.compile(r"<(?:br|hr)\b[^>]*>|</(?:dd|dt|div|figure|h[1-6]|li|p|pre|td|th)>")
_ENTITY_WITHOUT_END = re.compile(r"&[^;\s]*\Z")


def shorten(text: str, most: int) -> str:
    """Shorten a text to at most `most` characters, including an ellipsis.

    It ends between two words, or within a long word between two graphemes (UAX 29), so that no
    accent or part of an emoji is lost. Escape it afterwards, never before.

    Args:
        text: plain text.
        most: the number of code points.
    """
    if len(text) <= most:
        return text
    room = most - len(ELLIPSIS)
    # A grapheme always ends before a space; finding all of them takes longer than the rest.
    words = text[: room + 1].rpartition(" ")[0].rstrip()
    if len(words) > most // 2:
        return words + ELLIPSIS
    return text[: end_of_graphemes(text, room)].rstrip() + ELLIPSIS


def end_of_graphemes(text: str, most: int) -> int:
    """The end of the last grapheme within the first `most` code points of a text."""
    end = 0
    for grapheme in _GRAPHEME.finditer(text, endpos=most + LONGEST_GRAPHEME):
        if grapheme.end() > most:
            break
        end = grapheme.end()
    return end


def plain_text(html: str, most: int) -> str:
    """The beginning of sanitised HTML as one line of text, shortened."""
    beginning = html[: MARKUP * most]
    text = TAG.sub("", _BREAK.sub(" ", _UNREAD.sub("", beginning)))
    if is_cut := len(beginning) < len(html):
        text = _ENTITY_WITHOUT_END.sub("", text.partition("<")[0])
    line = " ".join(unescape(text).split())
    return line + ELLIPSIS if is_cut and len(line) < most else shorten(line, most)
