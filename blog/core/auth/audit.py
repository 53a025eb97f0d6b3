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
    """Add an entry to the audit log, in the transaction of the action; the caller commits.

    Args:
        session: the transaction.
        actor: who took the action.
        act: the action.
        subject: the account that it affects, if any.
        details: more about the action, as JSON. They outlive deleted accounts, so they must not
            contain anything private.
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
