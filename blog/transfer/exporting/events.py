"""Domain events of exports."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class ExportEnded(DomainEvent):
    """An archive is ready, or could not be made."""

    export_id: int
    user_id: int
