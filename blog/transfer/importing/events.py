"""Domain events of imports."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class ImportEnded(DomainEvent):
    """An import is complete, or has failed."""

    import_id: int
    user_id: int
