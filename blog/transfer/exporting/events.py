"""Domain events of exports."""

from dataclasses import dataclass

from blog.core.events.event import DomainEvent


@dataclass(frozen=True)
class ExportEnded(DomainEvent):
    """An export is ready, or has failed."""

    export_id: int
    user_id: int
