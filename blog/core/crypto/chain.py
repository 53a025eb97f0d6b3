"""A chain of log entries: each has the hash of the one before, so none can be changed unnoticed.

The hash of an entry is the SHA-256 of its canonical JSON (RFC 8785). What could be personal data is
in the entry only as a commitment: the SHA-256 of a random salt and the value. The opening of a
commitment, the salt with the value, is stored outside of the entry. Once it is deleted, the
commitment says nothing: the salt has 256 bits, so nobody can try values.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

# The hash before the first entry.
GENESIS = "0" * 64
SALT_BYTES = 32


class BrokenChainError(Exception):
    """An entry does not belong where it is.

    Args:
        number: the entry, counted from 1.
        reason: what is wrong with it.
    """

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"Entry {number}: {reason}")
        self.number, self.reason = number, reason


def canonical(value: Any) -> bytes:
    """The canonical JSON of objects, texts, integers of up to 53 bits and `None` (RFC 8785).

    The names in objects must be ASCII: then their order is that of Python.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def hash_of(entry: Mapping[str, Any]) -> str:
    """The hash of an entry, in hexadecimal digits."""
    return hashlib.sha256(canonical(entry)).hexdigest()


def new_salt() -> bytes:
    """A salt for one commitment."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(salt: bytes, value: str) -> str:
    """What an entry has instead of a value, in hexadecimal digits."""
    return hashlib.sha256(salt + value.encode()).hexdigest()


class ChainCheck:
    """Checks a chain from its first entry on.

    Attributes:
        number: how many entries were checked.
        head: the hash of the last one.
    """

    def __init__(self) -> None:
        self.number, self.head = 0, GENESIS

    def add(self, record: Mapping[str, Any]) -> None:
        """Check the next entry.

        Args:
            record: the `entry`, its `hash`, and its `openings`: `{"reason": {"salt": …, "value":
                …}}`, as far as they are known.

        Raises:
            BrokenChainError: it is not the one that follows, or an opening is of something else.
        """
        number = self.number + 1
        try:
            entry, claimed = record["entry"], record["hash"]
            if entry["number"] != number:
                raise BrokenChainError(number, f"is missing; entry {entry['number']} is there.")
            if entry["previous"] != self.head:
                raise BrokenChainError(number, "doesn't have the hash of the entry before it.")
            if hash_of(entry) != claimed:
                raise BrokenChainError(number, "was changed: its hash doesn't match.")
            for fact, opening in record.get("openings", {}).items():
                salt, value = bytes.fromhex(opening["salt"]), opening["value"]
                if len(salt) != SALT_BYTES or commitment(salt, value) != entry["commitments"][fact]:
                    raise BrokenChainError(number, f"its {fact} isn't what was logged.")
        except (AttributeError, KeyError, TypeError, ValueError):
            raise BrokenChainError(number, "isn't an entry of a log.") from None
        self.number, self.head = number, claimed
