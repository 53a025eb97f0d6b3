"""Logging in and out.

Each function is one transaction, except that log-in attempts are counted in a separate one, before
the password is checked.
"""

from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.login.attempts import clear_failures
from blog.accounts.login.authentication import authenticate
from blog.accounts.schemas import LoginForm
from blog.accounts.sessions.service import begin_session
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.crypto.passwords import Passwords
from blog.core.errors import InvalidFieldsError
from blog.models import LoginSession, User


class OpenedSession(NamedTuple):
    """A new session: the user, and the token for the cookie."""

    user: User
    token: str


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
    """
    user = await authenticate(session, passwords, form.email, form.password, client)
    if user is None:
        raise InvalidFieldsError({"": "Wrong username, email or password."})
    if user.is_disabled:
        raise InvalidFieldsError({"": "An administrator has disabled this account."})
    new_hash = None
    if passwords.is_outdated(user.password_hash):
        new_hash = await passwords.hash(form.password.get_secret_value())
    if not await _lock_credentials(session, user, new_hash):
        raise InvalidFieldsError({"": "This account has just changed. Please try again."})
    await clear_failures(session, user, client.address)
    if previous is not None:
        await session.execute(delete(LoginSession).where(LoginSession.id == previous.id))
    token = await begin_session(session, user, client, remember=form.remember_me)
    await session.commit()
    note(Event.LOGGED_IN, user.id)
    return OpenedSession(user, token)


async def log_in_new_account(session: AsyncSession, user: User, client: Client) -> str:
    """Open a session for a user who has registered just now, and typed the password for that.

    Returns:
        The token for the cookie.
    """
    token = await begin_session(session, user, client, remember=False)
    await session.commit()
    note(Event.LOGGED_IN, user.id)
    return token


async def _lock_credentials(session: AsyncSession, user: User, new_hash: str | None) -> bool:
    """Lock the account, if it has not changed since it was read, and store the new hash, if any.

    A concurrent change of the password, or disabling of the account, either waits for our commit
    and then ends the new session, or comes first, and we find the account changed.
    """
    as_read = [
        User.id == user.id,
        User.password_hash == user.password_hash,
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
