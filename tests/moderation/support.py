"""Helpers for the audit log."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import AuditEntry


async def acts(db: AsyncSession) -> list[tuple[str, str, str, dict[str, Any]]]:
    """The entries: actor, action, subject and details, the oldest first."""
    entries = await db.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(entry.actor_name, entry.act, entry.subject_name, entry.details) for entry in entries]
