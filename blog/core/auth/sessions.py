"""The lifetime of sessions."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.clients import Client
from blog.core.clock import now
from blog.core.db.touch import touch
from blog.models import LoginSession

REMEMBERED_LIFE = timedelta(days=30)
# Without "keep me logged in", the cookie lasts until the browser is closed. But browsers restore
# such cookies along with the last windows. So the session also ends a day after the log-in, or
# after half a day without use. NIST SP 800-63B-4 allows at most 30 days for AAL1 (2.1.3), the
# lifetime of a remembered session, and a day for AAL2 (2.2.3).
LONGEST_LIFE = timedelta(days=1)
IDLE_LIFE = timedelta(hours=12)


async def record_use(session: AsyncSession, login: LoginSession, client: Client) -> None:
    """Record the last use and the address of a session, at most once a minute."""
    expires_at = login.expires_at
    if not login.is_remembered:
        expires_at = min(login.created_at + LONGEST_LIFE, now() + IDLE_LIFE)
    await touch(
        session, LoginSession.last_used_at, login.id,
        network_address=client.address, expires_at=expires_at,
    )  # fmt: skip
