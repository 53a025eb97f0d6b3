"""A hash chain of log entries: each has the hash of the one before, so none can be changed
unnoticed.

The hash of an entry is the SHA-256 of its canonical JSON (RFC 8785). The entry contains anything
that could be personal data only as a commitment: the SHA-256 of a random salt and the value. The
opening of a commitment, the salt with the value, is stored outside the entry. Once it is deleted,
the commitment reveals nothing: the salt has 256 bits, so nobody can guess values.
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
    """An entry is missing, was changed, or is in the wrong place.

    Args:
        number: the entry, counted from 1.
        reason: what is wrong with it.
    """

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"Entry {number}: {reason}")
        self.number, self.reason = number, reason


def canonical_json(value: Any) -> bytes:
    """Serialise objects, texts, integers of up to 53 bits and `None` to canonical JSON (RFC 8785).

    The names in objects must be ASCII: then Python sorts them as the RFC does.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def hash_of(entry: Mapping[str, Any]) -> str:
    """The hash of an entry, in hexadecimal digits."""
    return hashlib.sha256(canonical_json(entry)).hexdigest()


def new_salt() -> bytes:
    """A salt for one commitment."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(salt: bytes, value: str) -> str:
    """The commitment to a value, in hexadecimal digits."""
    return hashlib.sha256(salt + value.encode()).hexdigest()


class ChainCheck:
    """Verifies a chain, starting from its first entry.

    Attributes:
        number: the number of entries so far.
        head: the hash of the last one.
    """

    def __init__(self) -> None:
        self.number, self.head = 0, GENESIS

    def add(self, record: Mapping[str, Any]) -> None:
        """Verify the next entry.

        Args:
            record: the `entry`, its `hash`, and its `openings`: `{"reason": {"salt": …, "value":
                …}}`, as far as they are known.

        Raises:
            BrokenChainError: it is not the next entry, or an opening doesn't match its commitment.
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
