"""Count the words that an edit adds and removes."""

import re
from collections import Counter
from itertools import chain

# Chinese and Japanese, which do not separate words: each character counts.
WRITTEN_TOGETHER = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_LETTERS = f"[^\\W{WRITTEN_TOGETHER}]+"
_WORD = re.compile(f"[{WRITTEN_TOGETHER}]|{_LETTERS}(?:['\u2019.-]{_LETTERS})*")


def word_changes(before: str, after: str) -> tuple[int, int]:
    """Count the words that were added and removed; words that were only moved do not count.

    Takes up to 20 ms for two texts of 64 KiB that have nothing in common, and much less for an
    ordinary edit.
    """
    old, new = Counter(before.splitlines()), Counter(after.splitlines())
    # Common lines, usually most of them, make no difference.
    was, now = _words(old - new), _words(new - old)
    return (now - was).total(), (was - now).total()


def _words(lines: Counter[str]) -> Counter[str]:
    return Counter(chain.from_iterable(_WORD.findall(line) for line in lines.elements()))
