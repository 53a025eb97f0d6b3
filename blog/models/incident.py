"""Incidents: periods in which a part of the site did not work."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, RowId


class Component(StrEnum):
    """A part of the site that can fail while its pages are served."""

    JOBS = "jobs"
    MAIL = "mail"
    FILES = "files"


class Incident(Base):
    """A period in which a component did not work; `ended_at` is `None` while it lasts."""

    __tablename__ = "incidents"

    id: Mapped[RowId]
    component: Mapped[Component] = mapped_column(String(8))
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("component IN ('jobs', 'mail', 'files')", name="component"),
        Index(None, "began_at"),
        # Each component has at most one open incident.
        Index(
            "uq_incidents_open", "component", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
    )
