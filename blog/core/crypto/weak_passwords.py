"""Detection of weak passwords.

Following NIST SP 800-63B, 5.1.1.2: passwords from breaches, repetitive or sequential characters,
and context-specific words, such as the name of the service and the username. There are no
composition rules.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable

from zxcvbn.frequency_lists import FREQUENCY_LISTS

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 128
LONGEST_UNIT = 4
# zxcvbn's list of the 30,000 most frequent passwords in leaks. Its strength estimate is not used:
# it is slow, and users couldn't tell what it requires.
COMMONEST = frozenset(
    password for password in FREQUENCY_LISTS["passwords"] if len(password) >= SHORTEST_PASSWORD
)
_AROUND_A_WORD = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_BETWEEN_WORDS = re.compile(r"[\W_]+")


def normalize(password: str) -> str:
    """Normalise to NFKC, so that the same keys give the same characters on any keyboard.

    See NIST SP 800-63B, 5.1.1.2. The time is quadratic in the number of consecutive combining
    marks, so limit the length first.
    """
    return unicodedata.normalize("NFKC", password)


def is_common(password: str) -> bool:
    """Whether this is one of the most common passwords, ignoring case."""
    return normalize(password).lower() in COMMONEST


def is_regular(password: str) -> bool:
    """Whether the password is repetitive (`abcabcabc`) or sequential (`23456789`)."""
    password = normalize(password).lower()
    if any(password[unit:] == password[:-unit] for unit in range(1, LONGEST_UNIT + 1)):
        return True
    steps = {ord(later) - ord(earlier) for earlier, later in itertools.pairwise(password)}
    return steps in ({1}, {-1})


def is_made_of(password: str, words: Iterable[str]) -> bool:
    """Whether a password is one of the given words, possibly surrounded by digits or punctuation.

    Args:
        password: the password.
        words: public words, such as the username; for an email address, the local part too. Case
            and separators are ignored.
    """
    known = set()
    for word in words:
        known |= {_letters(word), _letters(word.partition("@")[0])}
    typed = normalize(password)
    return bool(known & {_letters(typed), _letters(_AROUND_A_WORD.sub("", typed))} - {""})


def _letters(text: str) -> str:
    return _BETWEEN_WORDS.sub("", normalize(text).lower())
