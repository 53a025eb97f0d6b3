"""Finding listed words and domains in a text, in one pass however long the lists are."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import lru_cache

from blog.core.text.search_words import folded_words, is_unspaced

# Characters that nobody sees (Unicode Standard, 5.21: default ignorable code points).
_INVISIBLE = re.compile(
    r"[\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E"
    r"\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFF8\U0001BCA0-\U0001BCA3"
    r"\U0001D173-\U0001D17A\U000E0000-\U000E0FFF]"
)


def without_invisible(text: str) -> str:
    """`text` without the characters that nobody sees, which would divide a listed word."""
    return _INVISIBLE.sub("", text)


class WordList:
    """Words and phrases that are looked for.

    Cases, accents and characters without a width make no difference. A word is found as a whole
    only; in scripts that don't separate words, anywhere.

    Args:
        entries: as they are in the settings.
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

    def first_in(self, words: Sequence[str]) -> str | None:
        """The entry that is found first in folded words; `None` if there is none."""
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
    """The list of the words of the settings, which is made once."""
    return WordList(entries)


@lru_cache(maxsize=4)
def _listed(domains: tuple[str, ...]) -> frozenset[str]:
    return frozenset(domains)


def first_domain(listed: tuple[str, ...], domains: Collection[str]) -> str | None:
    """A listed domain that one of `domains` is, or is a subdomain of."""
    entries = _listed(listed)
    for domain in sorted(domains):
        labels = domain.split(".")
        for place in range(len(labels) - 1):
            if (parent := ".".join(labels[place:])) in entries:
                return parent
    return None
