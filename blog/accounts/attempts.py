"""Counting the tries to log in, so that nobody can guess passwords by trying.

References: OWASP Authentication Cheat Sheet, "Login Throttling"; NIST SP 800-63B, 5.2.2.

The counts are in the database and hold for all workers. A try is counted as a failure before
its password is looked at, and forgiven if it was right: of a hundred tries at the same moment
only so many get as far as the password.
"""

from datetime import timedelta
from ipaddress import IPv4Address

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.errors import TooManyAttemptsError
from blog.kit.networks import Address, network_of, subscriber_of
from blog.kit.tokens import token_digest
from blog.models import LoginFailure, User

WINDOW = timedelta(minutes=15)
FAILURES_PER_ACCOUNT = 5  # from one network
FAILURES_PER_SUBSCRIBER = 20
OLD_ROWS_AT_A_TIME = 20

# Where clients without an address are, those of a Unix socket.
NOWHERE = IPv4Address(0)


async def count_attempt(session: AsyncSession, login: str, address: Address | None) -> None:
    """Count a try, as a failure for now, before its password is looked at.

    An address and the username of the same person are counted apart, as two accounts that do
    not exist would be. Were they counted as one, five failures for a name would make a guess
    at the address that belongs to it answer 429, and give away who writes under that name.

    Args:
        session: nothing is under way in it.
        login: what was typed as the account.
        address: where the try comes from.

    Raises:
        TooManyAttemptsError: there were too many already; this one is not counted.
    """
    network, subscriber = network_of(address or NOWHERE), subscriber_of(address or NOWHERE)
    # One at a time from one network: of many at once each has to see those before it.
    lock = func.hashtextextended(f"login failures {network}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(lock)))
    of_account = LoginFailure.account_digest == _digest(login)
    of_subscriber = LoginFailure.subscriber == subscriber
    oldest = func.min(LoginFailure.created_at)
    counted = await session.execute(
        select(
            func.now(),
            func.count().filter(of_account),
            oldest.filter(of_account),
            func.count().filter(of_subscriber),
            oldest.filter(of_subscriber),
        ).where(LoginFailure.network == network, LoginFailure.created_at > func.now() - WINDOW)
    )
    moment, for_account, account_since, from_subscriber, subscriber_since = counted.one()
    waits = []
    if for_account >= FAILURES_PER_ACCOUNT:
        waits.append(account_since + WINDOW - moment)
    if from_subscriber >= FAILURES_PER_SUBSCRIBER:
        waits.append(subscriber_since + WINDOW - moment)
    if not waits:
        session.add(
            LoginFailure(account_digest=_digest(login), network=network, subscriber=subscriber)
        )
        await _delete_old(session)
    await session.commit()
    if waits:
        raise TooManyAttemptsError(max(waits))


async def forgive(session: AsyncSession, user: User, address: Address | None) -> None:
    """Forget the failures for an account from the network of its owner; the caller commits.

    Other networks keep theirs: the owner's success is none of whoever guesses from there.
    """
    await session.execute(
        delete(LoginFailure).where(
            LoginFailure.network == network_of(address or NOWHERE),
            LoginFailure.account_digest.in_([_digest(user.email), _digest(user.username)]),
        )
    )


def _digest(login: str) -> bytes:
    return token_digest(login.lower())


async def _delete_old(session: AsyncSession) -> None:
    """Delete a few rows that count no more: more than one try adds, so that none pile up."""
    old = (
        select(LoginFailure.id)
        .where(LoginFailure.created_at <= func.now() - WINDOW)
        .order_by(LoginFailure.created_at)
        .limit(OLD_ROWS_AT_A_TIME)
        .with_for_update(skip_locked=True)
    )
    await session.execute(delete(LoginFailure).where(LoginFailure.id.in_(old.scalar_subquery())))
