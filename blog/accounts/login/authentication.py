"""Authentication by password."""

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts import queries
from blog.accounts.login import warnings
from blog.accounts.login_attempts import AT_ACCOUNT_FROM_ANYWHERE, Attempt
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.crypto.passwords import Passwords
from blog.models import User


async def authenticate(
    session: AsyncSession, passwords: Passwords, login: str, password: SecretStr, client: Client
) -> User | None:
    """Find the user with these credentials, counting the attempt.

    It takes the same time and statements whether the user exists or not. The caller resets the
    counts of failures (`attempts.clear_failures`) in its own transaction, because the password may
    have been changed meanwhile, or the account disabled.

    Args:
        session: committed first, so that no connection is held during hashing.
        login: an e-mail address or username.

    Returns:
        The user with the role; `None` if there is none or the password is wrong.

    Raises:
        TooManyAttemptsError: too many attempts have failed.
    """
    await session.commit()
    attempt, user = Attempt.from_address(login, client.address), None
    if client.known_device:
        user = await _find_user(session, login)
        if user and client.known_device.is_known_to(user):
            attempt = Attempt.from_device(client.known_device)
    attempt.refuse_if_exhausted()
    # An attempt is counted only after it has waited here. So fifty users behind one address can log
    # in at the same time, and fifty wrong passwords still do not exceed the limit.
    async with passwords.slots:
        exhausted = await attempt.count()
        user = user or await _find_user(session, login)
        stored = user.password_hash if user else None
        if await passwords.verify(stored, password.get_secret_value()):
            attempt.refund()
            return user
    note(Event.WRONG_PASSWORD, user.id if user else None)
    if not exhausted.isdisjoint(AT_ACCOUNT_FROM_ANYWHERE):
        warnings.warn_owner_of_guessing(login)
    return None


async def _find_user(session: AsyncSession, login: str) -> User | None:
    """The user with this e-mail address or username. Releases the connection."""
    user = await queries.user_by_login(session, login)
    await session.commit()
    return user
