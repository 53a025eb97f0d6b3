"""Counting the attempts at a password, so that nobody can guess it by trying.

References: NIST SP 800-63B, 5.2.2 ("Rate Limiting (Throttling)": at most 100 failed attempts for an
account, increasing waits, risk-based techniques); OWASP Authentication Cheat Sheet, "Login
Throttling"; OWASP, "Slow Down Online Guessing Attacks with Device Cookies".

An attempt is counted before its password is looked at, and given back if it was right: of a hundred
at the same moment only so many get as far as the password. It is counted

- for the account and each network around the address, so that somebody who guesses from one place
  shuts out nobody elsewhere, and nobody else at the same address but for this account;
- for each of these networks over all accounts;
- for the account over all networks, within an hour, a day and 30 days. The more attempts there
  were, the longer are the pauses: 2 minutes at first, then 24, then 7 hours.

Anybody can use up these attempts for somebody else's account. So a browser in which the owner has
logged in before is counted by itself, and by nothing else (`blog.core.auth.devices`); and a mail
with a link to choose a new password always gets through (`blog.accounts.passwords.service`).
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.devices import KnownDevice
from blog.core.auth.security_log import Event, note
from blog.core.errors import TooManyAttemptsError, TooManyRequestsError
from blog.core.networks import Address, Neighbourhood, neighbourhoods
from blog.core.web.app import current_app
from blog.core.web.rate_limits import Bucket, Quota
from blog.models import User

MINUTE, HOUR, DAY = 60, 3600, 86_400

FROM_DEVICE = Quota("attempts from a device", 10, 15 * MINUTE)
FROM_NETWORK = Quota("attempts from a network", 20, 15 * MINUTE)
AT_ACCOUNT = Quota("attempts at an account from a network", 5, 15 * MINUTE)
AT_ACCOUNT_FROM_ANYWHERE = (
    Quota("attempts at an account in an hour", 30, HOUR),
    Quota("attempts at an account in a day", 60, DAY),
    Quota("attempts at an account in 30 days", 100, 30 * DAY),
)


@dataclass(frozen=True)
class Attempt:
    """One attempt at a password, and the buckets that it is taken from.

    Attributes:
        user_id: the account, where that is known beforehand.
    """

    buckets: tuple[Bucket, ...]
    user_id: int | None = None

    @classmethod
    def from_device(cls, device: KnownDevice) -> "Attempt":
        """An attempt in a browser in which the account's owner has logged in before."""
        return cls((_of_device(device),), device.user_id)

    @classmethod
    def from_address(cls, login: str, address: Address | None) -> "Attempt":
        """An attempt by anybody else.

        The address and the username of a person are counted apart, as two accounts that do not
        exist would be. Were they counted as one, five failures for a name would make a guess at
        the address that belongs to it answer 429, and give away who writes under that name.

        Args:
            login: what was typed as the account.
            address: where the attempt comes from.
        """
        networks = neighbourhoods(address)
        return cls(
            (
                *(_at_account(login, each) for each in networks),
                *(Bucket(FROM_NETWORK.times(each.share), str(each.network)) for each in networks),
                *_at_account_from_anywhere(login),
            )
        )

    def refuse_if_known_empty(self) -> None:
        """Refuse at once what would be refused anyway.

        Raises:
            TooManyAttemptsError: there were too many already.
        """
        try:
            current_app.rate_limits.refuse_if_empty(*self.buckets)
        except TooManyRequestsError as error:
            note(Event.TOO_MANY_ATTEMPTS, self.user_id)
            raise TooManyAttemptsError(error.wait) from None

    async def count(self) -> bool:
        """Count it, as a failure for now. The caller holds no connection.

        Returns:
            Whether it was the last one that the account gets from anywhere for the moment.

        Raises:
            TooManyAttemptsError: there were too many already; this one is not counted.
        """
        try:
            standings = await current_app.rate_limits.spend(*self.buckets)
        except TooManyRequestsError as error:
            note(Event.TOO_MANY_ATTEMPTS, self.user_id)
            raise TooManyAttemptsError(error.wait) from None
        return any(
            standing.quota in AT_ACCOUNT_FROM_ANYWHERE and not standing.remaining
            for standing in standings
        )

    def succeeded(self) -> None:
        """Give the attempt back: it was right."""
        current_app.rate_limits.give_back(*self.buckets)


async def forgive(
    session: AsyncSession, user: User, address: Address | None, *, new_password: bool = False
) -> None:
    """Forget the failed attempts of an account's owner; the caller commits.

    Other networks keep theirs: the owner's success says nothing about who guesses from there.

    Args:
        address: where the owner is.
        new_password: whether what was guessed at until now is of no use any more.
    """
    logins = (user.email, user.username)
    nearest, *wider = neighbourhoods(address)
    buckets = [_at_account(login, nearest) for login in logins]
    if new_password:
        buckets += [_at_account(login, each) for login in logins for each in wider]
        buckets += [bucket for login in logins for bucket in _at_account_from_anywhere(login)]
    await current_app.rate_limits.forget(session, *buckets)


def _of_device(device: KnownDevice) -> Bucket:
    return Bucket(FROM_DEVICE, f"{device.user_id} {device.id}")


def _at_account(login: str, neighbourhood: Neighbourhood) -> Bucket:
    network, share = neighbourhood
    return Bucket(AT_ACCOUNT.times(share), f"{network} {login.lower()}")


def _at_account_from_anywhere(login: str) -> list[Bucket]:
    return [Bucket(quota, login.lower()) for quota in AT_ACCOUNT_FROM_ANYWHERE]
