"""Shortening texts for titles and descriptions."""

import re
from html import unescape

import regex

from blog.core.text.visibility import TAG

ELLIPSIS = "…"
_GRAPHEME = regex.compile(r"\X")
# How far is looked for the end of the grapheme at the limit; any that is meant to be read is
# shorter.
LONGEST_GRAPHEME = 64
# A character of text seldom has more characters of HTML.
MARKUP = 32
# The labels of images and footnotes, and what is written in a formula beside it.
_UNREAD = re.compile(r"<(details|sup|annotation)\b.*?</\1>", re.DOTALL)
_BREAK = re.compile(r"<(?:br|hr)\b[^>]*>|</(?:dd|dt|div|figure|h[1-6]|li|p|pre|td|th)>")
_ENTITY_WITHOUT_END = re.compile(r"&[^;\s]*\Z")


def shortened(text: str, most: int) -> str:
    """The beginning of a text, of at most `most` characters with an ellipsis.

    It ends between two words, or within a long one between two graphemes (UAX 29), so that no
    accent and no part of an emoji is lost. Escape it afterwards, never before.

    Args:
        text: plain text.
        most: the number of code points.
    """
    if len(text) <= most:
        return text
    room = most - len(ELLIPSIS)
    # Before a space a grapheme ends; to find all of them takes longer than the rest.
    words = text[: room + 1].rpartition(" ")[0].rstrip()
    if len(words) > most // 2:
        return words + ELLIPSIS
    return text[: end_of_graphemes(text, room)].rstrip() + ELLIPSIS


def end_of_graphemes(text: str, most: int) -> int:
    """How many code points, at most `most`, the first graphemes of a text have."""
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
    return line + ELLIPSIS if is_cut and len(line) < most else shortened(line, most)
