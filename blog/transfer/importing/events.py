"""Domain events of imports."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class ImportEnded(DomainEvent):
    """All posts of a source are imported, or it has failed."""

    import_id: int
    user_id: int
