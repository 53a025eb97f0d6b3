"""Logging in and out. Each function is one action.

It is also one transaction, except that an attempt to log in is counted in one of its own, before
the password is looked at.
"""

from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.login.attempts import forgive
from blog.accounts.login.authentication import authenticate
from blog.accounts.schemas import LoginForm
from blog.accounts.sessions.service import begin_session
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.crypto.passwords import Passwords
from blog.core.errors import InvalidFieldsError
from blog.models import LoginSession, User


class OpenedSession(NamedTuple):
    """A new session: whose it is, and its token, for the cookie."""

    user: User
    token: str


async def log_in(
    session: AsyncSession, form: LoginForm, passwords: Passwords, client: Client, *,
    previous: LoginSession | None = None,
) -> OpenedSession:  # fmt: skip
    """Open a session for the person with these credentials.

    Args:
        previous: the browser's session so far, which ends.

    Raises:
        InvalidFieldsError: there is no such person, or it is not his password; which of
            the two is told neither by the words nor by the time. Or it is, and the account
            is disabled.
        TooManyAttemptsError: too many tries have failed.
    """
    user = await authenticate(session, passwords, form.email, form.password, client)
    if user is None:
        raise InvalidFieldsError({"": "Unknown address or name, or wrong password."})
    if user.is_disabled:
        raise InvalidFieldsError({"": "This account has been disabled by an administrator."})
    new_hash = None
    if passwords.is_outdated(user.password_hash):
        new_hash = await passwords.hash(form.password.get_secret_value())
    if not await _hold_credentials(session, user, new_hash):
        raise InvalidFieldsError({"": "This account was changed just now. Please try again."})
    await forgive(session, user, client.address)
    if previous is not None:
        await session.execute(delete(LoginSession).where(LoginSession.id == previous.id))
    token = await begin_session(session, user, client, remember=form.remember_me)
    await session.commit()
    note(Event.LOGGED_IN, user.id)
    return OpenedSession(user, token)


async def _hold_credentials(session: AsyncSession, user: User, new_hash: str | None) -> bool:
    """Lock the account as it was read, and store the hash with today's parameters if there is one.

    Who changes the password or disables the account at the same moment waits for our commit,
    and then ends the session that we begin; or is first, and we find the account changed.
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
    """End a session: its cookie is worthless from now on, wherever it may have been copied."""
    await session.execute(delete(LoginSession).where(LoginSession.id == login.id))
    await session.commit()
    note(Event.LOGGED_OUT, login.user_id)
