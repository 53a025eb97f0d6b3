"""Checking who somebody is by his password."""

from dataclasses import dataclass

from pydantic import SecretStr
from quart import request
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts import queries
from blog.accounts.attempts import count_attempt
from blog.kit.networks import Address, parsed_address
from blog.kit.passwords import Passwords
from blog.kit.user_agents import device_name
from blog.models import User


@dataclass(frozen=True)
class Client:
    """What sends a request, by its own account: a device, at a network address."""

    device: str
    address: Address | None


def requesting_client() -> Client:
    """The client of the current request."""
    return Client(
        device=device_name(request.headers.get("User-Agent")),
        address=parsed_address(request.remote_addr),
    )


async def authenticate(
    session: AsyncSession, passwords: Passwords, login: str, password: SecretStr, client: Client
) -> User | None:
    """Find the person with these credentials, at the cost of a try.

    It takes the same time, and the same statements, whether there is such a person or not. The
    caller forgives the try (`attempts.forgive`) in the transaction that makes use of it, in
    which the password may have been changed meanwhile, or the account been disabled.

    Args:
        session: is committed, so that nobody waits for a hash with a connection in hand.
        login: an e-mail or a username.

    Returns:
        The person with the role, or `None` if there is none or the password is not his.

    Raises:
        TooManyAttemptsError: too many tries have failed.
    """
    await session.commit()
    # Whoever waits here is not counted yet. So fifty people behind one address may log in at
    # once, and fifty wrong passwords are still not more than the limit.
    async with passwords.turn:
        await count_attempt(session, login, client.address)
        user = await queries.user_by_login(session, login)
        await session.commit()
        stored = user.password_hash if user else None
        matches = await passwords.verify(stored, password.get_secret_value())
    return user if matches else None
