"""Mark notifications as read. Each function is one transaction.

Lines are locked in the order of their keys, like the lines that notify people.
"""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, String, TextClause, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.models import NotificationKind
from blog.notifications.writes import CHANNEL


def _mark_read_statement(which: str) -> TextClause:
    return text(f"""
        WITH line AS MATERIALIZED (
            SELECT id FROM notifications WHERE user_id = :whose AND read_at IS NULL AND {which}
            ORDER BY kind, post_id, comment_id FOR NO KEY UPDATE
        ), changed AS (
            UPDATE notifications SET read_at = now() FROM line WHERE notifications.id = line.id
            RETURNING user_id
        )
        SELECT pg_notify('{CHANNEL}', user_id::text) FROM changed GROUP BY user_id
    """).bindparams(bindparam("whose", type_=BigInteger))  # noqa: S608


_READ_ONE = _mark_read_statement("id = :id").bindparams(bindparam("id", type_=BigInteger))
_READ_ALL = _mark_read_statement(
    "created_at <= :until AND (kind = :kind OR :kind IS NULL)"
).bindparams(bindparam("until", type_=DateTime(timezone=True)), bindparam("kind", type_=String))


async def mark_read(session: AsyncSession, viewer: Viewer, notification_id: int) -> None:
    """Mark one of the viewer's notifications as read, if it exists and is unread."""
    await session.execute(_READ_ONE, {"whose": viewer.id, "id": notification_id})
    await session.commit()


async def mark_all_read(
    session: AsyncSession, viewer: Viewer, until: datetime | None = None,
    kind: NotificationKind | None = None,
) -> None:  # fmt: skip
    """Mark all of the viewer's notifications as read.

    Args:
        session: the transaction.
        viewer: the recipient.
        until: the time of the newest one that they have seen. Later ones stay unread, and so do
            those that have new items since.
        kind: only those of this kind.
    """
    values = {"whose": viewer.id, "until": until or now(), "kind": kind}
    await session.execute(_READ_ALL, values)
    await session.commit()
