"""Trusted browsers, which skip the second factor for 30 days, or until they are revoked."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.own_rows import delete_own
from blog.core.auth.clients import Client
from blog.core.auth.trust import TRUST_LASTS
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.crypto.tokens import opaque_token, token_digest
from blog.core.i18n import gettext as _
from blog.models import TrustedBrowser, User


async def is_trusted(session: AsyncSession, user: User, client: Client) -> bool:
    """Whether a user has chosen not to be asked for the second factor in this browser."""
    if client.trust_token is None:
        return False
    found = await session.scalar(
        select(TrustedBrowser.id).where(
            TrustedBrowser.token_hash == token_digest(client.trust_token),
            TrustedBrowser.user_id == user.id,
            TrustedBrowser.expires_at > now(),
        )
    )
    return found is not None


async def trust_browser(session: AsyncSession, user: User, client: Client) -> str:
    """Trust a browser; the caller commits.

    Returns:
        The token for its cookie.
    """
    token = opaque_token()
    session.add(
        TrustedBrowser(
            token_hash=token_digest(token),
            user_id=user.id,
            expires_at=now() + TRUST_LASTS,
            device=client.device,
            network_address=client.address,
        )
    )
    return token


async def revoke_trust(session: AsyncSession, viewer: Viewer, browser_id: int) -> None:
    """Ask for the second factor in one of the viewer's trusted browsers again.

    Raises:
        NotFoundError: there is none with this id, or it is another user's.
    """
    await delete_own(
        session, viewer, TrustedBrowser, browser_id, _("This browser isn't trusted any more.")
    )
