"""Digests of everything that a page shows, as keys of cached pages."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import is_dataclass
from datetime import date, time
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy.orm import DeclarativeBase

# Types whose `repr` distinguishes all values.
PLAIN = (type(None), bool, int, float, str, bytes, Decimal, UUID, date, time, Enum)
# SQLAlchemy's own attribute of a row, and what changes with every visit of a person and is shown to
# administrators only.
LEFT_OUT = frozenset(("_sa_instance_state", "last_seen_at"))


def digest_of(*values: object) -> bytes:
    """A digest of rows, with what is loaded of them and with them, and of other values.

    Args:
        values: rows, plain values, and sequences, mappings, sets and dataclasses of those.

    Returns:
        16 bytes; the same while the values are the same.

    Raises:
        TypeError: a value is of another type.
    """
    seen: dict[int, int] = {}
    plain = [_plain(value, seen) for value in values]
    return blake2b(repr(plain).encode(errors="surrogatepass"), digest_size=16).digest()


def _plain(value: Any, seen: dict[int, int]) -> object:
    """Values with a representation of their own; a row or named tuple that was seen before is its
    number."""
    kind = type(value)
    if isinstance(value, PLAIN):
        return value
    parts = value
    if isinstance(value, DeclarativeBase) or hasattr(kind, "_fields"):
        if (number := seen.get(id(value))) is not None:
            return kind, number
        seen[id(value)] = len(seen)
    if isinstance(value, DeclarativeBase) or is_dataclass(kind):
        parts = vars(value)
    # Most parts are plain, and don't need a call.
    if isinstance(parts, Mapping):
        return kind, [
            (name, part if isinstance(part, PLAIN) else _plain(part, seen))
            for name, part in parts.items()
            if name not in LEFT_OUT
        ]
    if isinstance(parts, Set):
        return kind, sorted(parts)
    if isinstance(parts, Sequence):
        return [part if isinstance(part, PLAIN) else _plain(part, seen) for part in parts]
    raise TypeError(f"{kind} has no digest")
