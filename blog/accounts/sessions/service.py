"""Starting, renewing and ending sessions."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.own_rows import delete_own
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.auth.sessions import IDLE_LIFE, REMEMBERED_LIFE
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.crypto.tokens import opaque_token, token_digest
from blog.core.i18n import gettext as _
from blog.models import ApiToken, LoginSession, TrustedBrowser, User


async def begin_session(
    session: AsyncSession, user: User, client: Client, *,
    remember: bool, proved_at: datetime | None = None,
) -> str:  # fmt: skip
    """Add a session; the caller commits.

    Args:
        proved_at: when the user proved who they are, if not just now.

    Returns:
        Its token, for the cookie.
    """
    token = opaque_token()
    session.add(
        LoginSession(
            token_hash=token_digest(token),
            user_id=user.id,
            expires_at=now() + (REMEMBERED_LIFE if remember else IDLE_LIFE),
            reauthenticated_at=proved_at,
            is_remembered=remember,
            device=client.device,
            network_address=client.address,
        )
    )
    return token


async def renew_token(session: AsyncSession, login: LoginSession) -> str:
    """Replace the token of a session whose user has just proved who they are, which invalidates
    copies of the old cookie.

    The caller commits.

    Returns:
        The new token, for the cookie.
    """
    token = opaque_token()
    await session.execute(
        update(LoginSession)
        .where(LoginSession.id == login.id)
        .values(token_hash=token_digest(token), reauthenticated_at=now())
        .execution_options(synchronize_session=False)
    )
    return token


async def record_proof(session: AsyncSession, viewer: Viewer) -> None:
    """Record that the user of a session has just typed the password in a form; the caller commits.

    The next sensitive action doesn't ask again (`blog.core.auth.reauthentication`). With a second
    factor, the password alone proves nothing.
    """
    if viewer.person.has_second_factor:
        return
    await session.execute(
        update(LoginSession)
        .where(LoginSession.id == viewer.browser_session.id)
        .values(reauthenticated_at=now())
        .execution_options(synchronize_session=False)
    )


async def end_session(session: AsyncSession, viewer: Viewer, login_id: int) -> None:
    """End one of the viewer's sessions, which invalidates all copies of its cookie.

    Raises:
        NotFoundError: there is none with this id, or it is another user's.
    """
    await delete_own(session, viewer, LoginSession, login_id, _("This session has already ended."))
    note(Event.SESSION_ENDED, viewer.id)


async def end_other_sessions(session: AsyncSession, viewer: Viewer) -> int:
    """End all of the viewer's sessions except the current one, and forget known devices.

    API tokens stay valid.

    Returns:
        The new generation of devices (`forget_devices`).
    """
    generation = await forget_devices(session, viewer.id)
    await session.execute(
        delete(LoginSession).where(
            LoginSession.user_id == viewer.id, LoginSession.id != viewer.browser_session.id
        )
    )
    await session.commit()
    note(Event.OTHER_SESSIONS_ENDED, viewer.id)
    return generation


async def end_sessions_everywhere(
    session: AsyncSession, viewer: Viewer, *, with_tokens: bool
) -> None:
    """End all of the viewer's sessions and forget known devices; with tokens, revoke those too."""
    await forget_devices(session, viewer.id)
    await session.execute(delete(LoginSession).where(LoginSession.user_id == viewer.id))
    if with_tokens:
        await session.execute(delete(ApiToken).where(ApiToken.user_id == viewer.id))
    await session.commit()
    note(Event.ALL_SESSIONS_ENDED, viewer.id)
    if with_tokens:
        note(Event.ALL_TOKENS_REVOKED, viewer.id)


async def forget_devices(session: AsyncSession, user_id: int) -> int:
    """Invalidate all known devices of an account (`blog.core.auth.devices`), and all its trusted
    browsers; the caller commits.

    Returns:
        The generation for devices that become known from now on.
    """
    generation = await session.scalar(
        update(User)
        .where(User.id == user_id)
        .values(device_generation=User.device_generation + 1)
        .returning(User.device_generation)
        .execution_options(synchronize_session=False)
    )
    await session.execute(delete(TrustedBrowser).where(TrustedBrowser.user_id == user_id))
    return generation or 0


async def end_all_access(
    session: AsyncSession, user: User, *, keep: LoginSession | None = None
) -> int:
    """End a user's sessions, revoke the API tokens, and forget known devices.

    The caller commits. A caller that also changes the user's row must do that first: logging in and
    issuing a token lock that row before they insert, and this has to see what they inserted.

    Args:
        keep: the session that doesn't end, if any.

    Returns:
        The new generation of devices (`forget_devices`).
    """
    generation = await forget_devices(session, user.id)
    ended = delete(LoginSession).where(LoginSession.user_id == user.id)
    if keep is not None:
        ended = ended.where(LoginSession.id != keep.id)
    await session.execute(ended)
    await session.execute(delete(ApiToken).where(ApiToken.user_id == user.id))
    return generation
