"""Checking who somebody is by their password."""

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts import queries
from blog.accounts.login import warnings
from blog.accounts.login.attempts import Attempt
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.crypto.passwords import Passwords
from blog.models import User


async def authenticate(
    session: AsyncSession, passwords: Passwords, login: str, password: SecretStr, client: Client
) -> User | None:
    """Find the person with these credentials, at the cost of an attempt.

    It takes the same time, and the same statements, whether there is such a person or not. The
    caller forgives earlier failures (`attempts.forgive`) in the transaction that makes use of the
    success: the password may have been changed meanwhile, or the account been disabled.

    Args:
        session: is committed, so that nobody waits for a hash with a connection in hand.
        login: an e-mail or a username.

    Returns:
        The person with the role, or `None` if there is none or the password is wrong.

    Raises:
        TooManyAttemptsError: too many attempts have failed.
    """
    await session.commit()
    attempt, user = Attempt.from_address(login, client.address), None
    if client.known_device:
        user = await _find(session, login)
        if user and client.known_device.is_known_to(user):
            attempt = Attempt.from_device(client.known_device)
    attempt.refuse_if_known_empty()
    # Whoever waits here is not counted yet. So fifty people behind one address may log in at
    # once, and fifty wrong passwords are still not more than the limit.
    async with passwords.turn:
        is_last = await attempt.count()
        user = user or await _find(session, login)
        stored = user.password_hash if user else None
        if await passwords.verify(stored, password.get_secret_value()):
            attempt.succeeded()
            return user
    note(Event.WRONG_PASSWORD, user.id if user else None)
    if is_last:
        warnings.warn_of_attempts(login)
    return None


async def _find(session: AsyncSession, login: str) -> User | None:
    """The person with this e-mail or username; the connection is given back at once."""
    user = await queries.user_by_login(session, login)
    await session.commit()
    return user
