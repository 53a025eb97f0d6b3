"""Add entries to the audit log."""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.models import Act, AuditEntry, User


def record(
    session: AsyncSession,
    actor: Viewer,
    act: Act,
    subject: User | None,
    **details: object,
) -> AuditEntry:
    """Add an entry to the audit log, in the transaction of the act; the caller commits.

    Args:
        session: the transaction that the act belongs to.
        actor: who did it.
        act: what was done.
        subject: to whom; `None` if it was done to nobody.
        details: what else there is to know, as JSON can hold it. They are kept when the
            people have gone, so nothing private belongs here.
    """
    entry = AuditEntry(
        actor_id=actor.id or None,
        actor_name=actor.username,
        act=act,
        subject_id=subject.id if subject else None,
        subject_name=subject.username if subject else "",
        details=details,
    )
    session.add(entry)
    return entry
