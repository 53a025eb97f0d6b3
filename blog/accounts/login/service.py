"""Logging in and out.

Each function is one transaction, except that login attempts are counted in a separate one, before
the password is checked.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.accounts.links import check_credentials, credentials_of
from blog.accounts.login.authentication import authenticate
from blog.accounts.login.warnings import notify_of_new_device
from blog.accounts.login_attempts import clear_failures
from blog.accounts.passkeys.assertions import check_passkey
from blog.accounts.passkeys.schemas import PasskeyLoginForm
from blog.accounts.pending_logins import PendingLogin
from blog.accounts.schemas import LoginForm, SecondFactorForm
from blog.accounts.second_factor.codes import check_code
from blog.accounts.second_factor.trust import is_trusted, trust_browser
from blog.accounts.sessions.service import begin_session
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.sealing import Sealer
from blog.core.errors import BlogError, InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.models import LoginSession, User

IS_DISABLED = lazy_gettext("An administrator has disabled this account.")
HAS_CHANGED = lazy_gettext("This account has just changed. Please try again.")


class OpenedSession(NamedTuple):
    """A new session.

    Attributes:
        user: the user.
        token: the token for the cookie.
        trust_token: the token of the browser, if the user chose to trust it.
    """

    user: User
    token: str
    trust_token: str | None = None


class SecondFactorNeededError(BlogError):
    """The password is right, and the account has a second factor."""

    def __init__(self, pending: PendingLogin) -> None:
        super().__init__()
        self.pending = pending


async def log_in(
    session: AsyncSession, form: LoginForm, passwords: Passwords, client: Client, *,
    previous: LoginSession | None = None,
) -> OpenedSession:  # fmt: skip
    """Open a session for the user with these credentials.

    Args:
        previous: the browser's current session, which ends.

    Raises:
        InvalidFieldsError: the user does not exist or the password is wrong; message and timing do
            not reveal which. Or the account is disabled.
        TooManyAttemptsError: too many attempts have failed.
        SecondFactorNeededError: the credentials are right, and the account has a second factor,
            which this browser must ask for.
    """
    user = await authenticate(session, passwords, form.email, form.password, client)
    if user is None:
        raise InvalidFieldsError({"": _("Wrong username, email or password.")})
    if user.is_disabled:
        raise InvalidFieldsError({"": IS_DISABLED})
    new_hash = None
    if passwords.is_outdated(user.password_hash):
        new_hash = await passwords.hash(form.password.get_secret_value())
    if not await _lock_credentials(session, user, new_hash):
        raise InvalidFieldsError({"": HAS_CHANGED})
    if user.has_second_factor and not await is_trusted(session, user, client):
        await session.commit()
        note(Event.RIGHT_PASSWORD, user.id)
        raise SecondFactorNeededError(PendingLogin(user.id, credentials_of(user), form.remember_me))
    return await _open_session(session, user, client, remember=form.remember_me, previous=previous)


async def finish_log_in(
    session: AsyncSession, pending: PendingLogin, form: SecondFactorForm, *,
    challenge: bytes | None, sealer: Sealer, client: Client, previous: LoginSession | None = None,
) -> OpenedSession:  # fmt: skip
    """Open a session for a user who has sent the right password before, and now the second factor.

    Args:
        form: the code of their authenticator app, a recovery code or the response of a passkey.
        challenge: the challenge for the passkey, if there was one.
        previous: the browser's current session, which ends.

    Raises:
        InvalidTokenError: the account was deleted, or its password or address has changed.
        InvalidFieldsError: the code is wrong, too old or already used; or the passkey is not
            theirs; or the account is disabled.
        TooManyAttemptsError: too many codes were wrong.
    """
    user = await session.get(User, pending.user_id)
    user = check_credentials(user, {"credentials": pending.credentials})
    if user.is_disabled:
        raise InvalidFieldsError({"": IS_DISABLED})
    if form.credential:
        await check_passkey(session, form.credential, challenge, user_id=user.id)
    else:
        await check_code(session, sealer, user, form.code.get_secret_value(), client)
    if not await _lock_credentials(session, user, None):
        raise InvalidFieldsError({"": HAS_CHANGED})
    trust_token = await trust_browser(session, user, client) if form.trust else None
    opened = await _open_session(
        session, user, client, remember=pending.remember, previous=previous
    )
    return opened._replace(trust_token=trust_token)


async def log_in_by_passkey(
    session: AsyncSession, form: PasskeyLoginForm, challenge: bytes | None, client: Client, *,
    previous: LoginSession | None = None,
) -> OpenedSession:  # fmt: skip
    """Open a session for the user of a passkey, which is two factors in one: the device, and what
    unlocks it.

    Args:
        form: the response of the passkey.
        challenge: its challenge.
        previous: the browser's current session, which ends.

    Raises:
        InvalidFieldsError: the response is not valid; or the account is disabled.
    """
    passkey = await check_passkey(session, form.credential, challenge)
    user = await session.get(User, passkey.user_id, options=[joinedload(User.role)])
    if user is None or user.is_disabled:
        await session.commit()
        raise InvalidFieldsError({"": IS_DISABLED})
    if not await _lock_credentials(session, user, None):
        raise InvalidFieldsError({"": HAS_CHANGED})
    return await _open_session(session, user, client, remember=form.remember_me, previous=previous)


async def log_in_with_proof(
    session: AsyncSession, user: User, client: Client, *,
    previous: LoginSession | None, proved_at: datetime | None = None,
) -> OpenedSession:  # fmt: skip
    """Open a session for a user who has proved who they are in another way than by a login form.

    Args:
        previous: the browser's current session, which ends.
        proved_at: when they proved it, if not just now.

    Raises:
        InvalidFieldsError: the account is disabled.
        SecondFactorNeededError: the account has a second factor, which this browser must ask for.
    """
    if user.is_disabled:
        await session.commit()
        raise InvalidFieldsError({"": IS_DISABLED})
    if not await _lock_credentials(session, user, None):
        raise InvalidFieldsError({"": HAS_CHANGED})
    if user.has_second_factor and not await is_trusted(session, user, client):
        await session.commit()
        raise SecondFactorNeededError(PendingLogin(user.id, credentials_of(user), remember=False))
    return await _open_session(
        session, user, client, remember=False, previous=previous, proved_at=proved_at
    )


async def _open_session(
    session: AsyncSession, user: User, client: Client, *,
    remember: bool, previous: LoginSession | None, proved_at: datetime | None = None,
) -> OpenedSession:  # fmt: skip
    """Open the session of a user who has proved who they are, and whose row is locked."""
    await clear_failures(session, user, client.address)
    if previous is not None:
        await session.execute(delete(LoginSession).where(LoginSession.id == previous.id))
    token = await begin_session(session, user, client, remember=remember, proved_at=proved_at)
    await notify_of_new_device(session, user, client)
    await session.commit()
    note(Event.LOGGED_IN, user.id)
    return OpenedSession(user, token)


async def log_in_new_account(session: AsyncSession, user: User, client: Client) -> str:
    """Open a session for a user who has just registered, and chosen the password.

    Returns:
        The token for the cookie.
    """
    token = await begin_session(session, user, client, remember=False)
    await session.commit()
    note(Event.LOGGED_IN, user.id)
    return token


async def _lock_credentials(session: AsyncSession, user: User, new_hash: str | None) -> bool:
    """Lock the account, if it has not changed since it was read, and store the new hash, if any.

    Returns:
        Whether it was unchanged.

    A concurrent change of the password or the second factor, or disabling of the account, either
    waits for our commit and then ends the new session, or comes first, and we find the account
    changed.
    """
    as_read = [
        User.id == user.id,
        User.password_hash == user.password_hash,
        User.has_second_factor == user.has_second_factor,
        User.disabled_at.is_(None),
    ]
    if new_hash is None:
        locked = select(User.id).where(*as_read).with_for_update(read=True)
        return await session.scalar(locked) is not None
    changed = update(User).where(*as_read).values(password_hash=new_hash).returning(User.id)
    return await session.scalar(changed) is not None


async def log_out(session: AsyncSession, login: LoginSession) -> None:
    """End a session, which invalidates all copies of its cookie."""
    await session.execute(delete(LoginSession).where(LoginSession.id == login.id))
    await session.commit()
    note(Event.LOGGED_OUT, login.user_id)
