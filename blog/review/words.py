"""Finding listed words and domains in a text, in a single pass, however long the lists are."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import lru_cache

from blog.core.text.search_words import folded_words, is_unspaced

# Invisible characters (Unicode Standard, 5.21: default ignorable code points).
_INVISIBLE = re.compile(
    r"[\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E"
    r"\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFF8\U0001BCA0-\U0001BCA3"
    r"\U0001D173-\U0001D17A\U000E0000-\U000E0FFF]"
)


def without_invisible(text: str) -> str:
    """Remove invisible characters from a text, because they would divide a listed word."""
    return _INVISIBLE.sub("", text)


class WordList:
    """Words and phrases to find in texts.

    Case, accents and invisible characters make no difference. Only whole words match, except in
    scripts that don't separate words.

    Args:
        entries: the words and phrases, as in the settings.
    """

    def __init__(self, entries: Sequence[str]) -> None:
        self._by_first: dict[str, list[tuple[Sequence[str], str]]] = defaultdict(list)
        self._unspaced: list[tuple[str, str]] = []
        for entry in entries:
            words = folded_words(without_invisible(entry))
            if not words:
                continue
            if len(words) == 1 and is_unspaced(words[0]):
                self._unspaced.append((words[0], entry))
            else:
                self._by_first[words[0]].append((words, entry))

    def find_first(self, words: Sequence[str]) -> str | None:
        """Find the first entry in a list of folded words; `None` if there is none."""
        for place, word in enumerate(words):
            for wanted, entry in self._by_first.get(word, ()):
                if words[place : place + len(wanted)] == wanted:
                    return entry
            if self._unspaced and is_unspaced(word):
                for part, entry in self._unspaced:
                    if part in word:
                        return entry
        return None


@lru_cache(maxsize=4)
def word_list(entries: tuple[str, ...]) -> WordList:
    """Build the list of the words in the settings, once."""
    return WordList(entries)


@lru_cache(maxsize=4)
def _listed(domains: tuple[str, ...]) -> frozenset[str]:
    return frozenset(domains)


def find_first_domain(listed: tuple[str, ...], domains: Collection[str]) -> str | None:
    """Find a listed domain that is, or is a parent of, one of `domains`."""
    entries = _listed(listed)
    for domain in sorted(domains):
        labels = domain.split(".")
        for place in range(len(labels) - 1):
            if (parent := ".".join(labels[place:])) in entries:
                return parent
    return None
