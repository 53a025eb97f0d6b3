"""Which passwords are guessed first.

NIST SP 800-63B, 5.1.1.2, names the kinds: passwords of earlier breaches, repetitive or sequential
characters, and words of the context, such as the name of the service and the username. Rules about
kinds of characters are not among them.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable

from zxcvbn.frequency_lists import FREQUENCY_LISTS

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 128
LONGEST_UNIT = 4
# zxcvbn's list of the 30,000 passwords that leaks have shown most often. Its estimate of a
# password's strength is not asked: it takes time, and would be one more rule to guess at.
COMMONEST = frozenset(
    password for password in FREQUENCY_LISTS["passwords"] if len(password) >= SHORTEST_PASSWORD
)
_AROUND_A_WORD = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_BETWEEN_WORDS = re.compile(r"[\W_]+")


def normalized(password: str) -> str:
    """The same characters for the same keys, whichever way a keyboard composes them.

    NFKC, as NIST SP 800-63B, 5.1.1.2 has it. The time that this takes grows with the square of
    the number of combining marks in a row: limit the length before.
    """
    return unicodedata.normalize("NFKC", password)


def is_common(password: str) -> bool:
    """Whether everybody who guesses passwords begins with this one, whatever its case."""
    return normalized(password).lower() in COMMONEST


def is_regular(password: str) -> bool:
    """Whether a few characters are repeated (`abcabcabc`), or follow one another (`23456789`)."""
    password = normalized(password).lower()
    if any(password[unit:] == password[:-unit] for unit in range(1, LONGEST_UNIT + 1)):
        return True
    steps = {ord(later) - ord(earlier) for earlier, later in itertools.pairwise(password)}
    return steps in ({1}, {-1})


def is_made_of(password: str, words: Iterable[str]) -> bool:
    """Whether a password is one of some words, perhaps with digits or signs around it.

    Args:
        password: what was typed.
        words: what everybody knows, such as the username; an e-mail address stands for the
            part before its `@` too. Their case and what stands between their parts do not matter.
    """
    known = set()
    for word in words:
        known |= {_letters(word), _letters(word.partition("@")[0])}
    typed = normalized(password)
    return bool(known & {_letters(typed), _letters(_AROUND_A_WORD.sub("", typed))} - {""})


def _letters(text: str) -> str:
    return _BETWEEN_WORDS.sub("", normalized(text).lower())
