"""The base class of domain events."""

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class DomainEvent:
    """Something that happened, in the past tense: `PostPublished(post_id=7, author_id=3)`.

    Each feature defines its own in its `events.py`. Fields are ids and other small values, not
    whole rows: handlers load what they need, and the log contains nothing private.
    """

    @classmethod
    def kind(cls) -> str:
        """The name of this class in the log."""
        return cls.__name__

    def payload(self) -> dict[str, Any]:
        """The fields, as JSON for the log."""
        return asdict(self)

    @classmethod
    def insert(cls, **expressions: str) -> str:
        """SQL that records events of this class, as part of a statement that writes many rows.

        Args:
            expressions: for each field, an expression on the rows of the `FROM` clause that the
                caller appends.

        Raises:
            TypeError: a field is missing or unknown.
        """
        if expressions.keys() != {field.name for field in fields(cls)}:
            raise TypeError(f"the fields of {cls.kind()} are not {', '.join(expressions)}")
        pairs = ", ".join(f"'{name}', {value}" for name, value in expressions.items())
        return (
            f"INSERT INTO events (kind, payload) SELECT '{cls.kind()}', jsonb_build_object({pairs})"
        )
