"""What every domain event is."""

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class DomainEvent:
    """Something that happened, in the past tense: `PostPublished(post_id=7, author_id=3)`.

    Each feature has its own in its `events.py`. Their fields are ids and other small values, not
    whole rows: who hears of an event reads what it needs, and the log holds no private words.
    """

    @classmethod
    def kind(cls) -> str:
        """The name that the log has for events of this class."""
        return cls.__name__

    def payload(self) -> dict[str, Any]:
        """What the log holds of it, as JSON can hold it."""
        return asdict(self)

    @classmethod
    def insert(cls, **expressions: str) -> str:
        """SQL that records events of this class, for a statement that writes many rows at once.

        Args:
            expressions: for each field, where it stands in the rows of the `FROM` clause with
                which the caller continues.

        Raises:
            TypeError: a field is missing, or there is none of this name.
        """
        if expressions.keys() != {field.name for field in fields(cls)}:
            raise TypeError(f"the fields of {cls.kind()} are not {', '.join(expressions)}")
        pairs = ", ".join(f"'{name}', {value}" for name, value in expressions.items())
        return (
            f"INSERT INTO events (kind, payload) SELECT '{cls.kind()}', jsonb_build_object({pairs})"
        )
