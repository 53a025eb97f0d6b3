"""Rate limits of login attempts, against password guessing.

References: NIST SP 800-63B, 5.2.2 ("Rate Limiting (Throttling)": at most 100 failed attempts for an
account, increasing waits, risk-based techniques); OWASP Authentication Cheat Sheet, "Login
Throttling"; OWASP, "Slow Down Online Guessing Attacks with Device Cookies".

An attempt is counted before its password is checked, and refunded if it succeeds, so that
concurrent attempts cannot exceed the limit. It is counted

- per account and enclosing network of the address, so that guessing from one network does not lock
  out other networks, or other accounts;
- per enclosing network, over all accounts;
- per account over all networks, in an hour, a day and 30 days. The average intervals are 2 minutes,
  24 minutes and 7 hours.

An attacker could exhaust these limits for another user's account. So a browser in which the owner
has logged in before has a separate limit (`blog.core.auth.devices`), and a password reset by mail
is always possible (`blog.accounts.passwords.service`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.clients import Client
from blog.core.auth.devices import KnownDevice
from blog.core.auth.security_log import Event, note
from blog.core.errors import TOO_MANY_PASSWORDS, TooManyAttemptsError, TooManyRequestsError
from blog.core.i18n import LazyText, lazy_gettext
from blog.core.networks import Address, EnclosingNetwork, enclosing_networks
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

TOO_MANY_CODES = lazy_gettext("Too many wrong codes. Try again in %(duration)s.")


@dataclass(frozen=True)
class Attempt:
    """A login attempt, and the buckets that it is taken from.

    Attributes:
        user_id: the account, if known in advance.
        problem: the message if there were too many.
    """

    buckets: tuple[Bucket, ...]
    user_id: int | None = None
    problem: LazyText = TOO_MANY_PASSWORDS

    @classmethod
    def from_device(cls, device: KnownDevice) -> "Attempt":
        """An attempt from a browser in which the account's owner has logged in before."""
        return cls((_device_bucket(device),), device.user_id)

    @classmethod
    def from_address(cls, login: str, address: Address | None) -> "Attempt":
        """An attempt from any other browser.

        The e-mail address and the username of an account have separate counts, like two unknown
        accounts. With a common count, five failures for a username would make attempts with its
        e-mail address answer 429, which would reveal the address.

        Args:
            login: the e-mail address or username that was entered.
            address: the client's address.
        """
        networks = enclosing_networks(address)
        return cls(
            (
                *(_account_bucket(login, each) for each in networks),
                *(Bucket(FROM_NETWORK.times(each.share), str(each.network)) for each in networks),
                *_account_buckets_everywhere(login),
            )
        )

    @classmethod
    def at_second_factor(cls, user: User, client: Client) -> "Attempt":
        """An attempt with a code, after the right password.

        It has the same limits as a password, so that an attacker who knows the password can't lock
        out the owner in a browser that they have used before. Such browsers also have a count of
        their own for the account: each link in a mail can create another known browser, so anyone
        with access to the mailbox could guess forever.
        """
        if client.known_device and client.known_device.is_known_to(user):
            of_account = _account_buckets_everywhere(f"{user.id} on known devices")
            buckets = (_device_bucket(client.known_device), *_code_buckets(of_account))
        else:
            buckets = _code_buckets(cls.from_address(str(user.id), client.address).buckets)
        return cls(buckets, user.id, TOO_MANY_CODES)

    def refuse_if_exhausted(self) -> None:
        """Refuse early if a bucket is known to be empty.

        Raises:
            TooManyAttemptsError: there were too many attempts.
        """
        try:
            current_app.rate_limits.refuse_if_empty(*self.buckets)
        except TooManyRequestsError as error:
            note(Event.TOO_MANY_ATTEMPTS, self.user_id)
            raise TooManyAttemptsError(error.wait, self.problem) from None

    async def count(self) -> set[Quota]:
        """Count the attempt as a failure. The caller must not hold a connection.

        Returns:
            The limits that it exhausted.

        Raises:
            TooManyAttemptsError: there were too many attempts; this one is not counted.
        """
        try:
            standings = await current_app.rate_limits.spend(*self.buckets)
        except TooManyRequestsError as error:
            note(Event.TOO_MANY_ATTEMPTS, self.user_id)
            raise TooManyAttemptsError(error.wait, self.problem) from None
        return {standing.quota for standing in standings if not standing.remaining}

    def refund(self) -> None:
        """Refund the attempt after a success."""
        current_app.rate_limits.give_back(*self.buckets)


async def clear_failures(
    session: AsyncSession, user: User, address: Address | None, *, new_password: bool = False
) -> None:
    """Reset the counts of failed attempts after a success of the owner; the caller commits.

    Counts of other networks stay, because attempts from there may be an attacker's.

    Args:
        address: the owner's address.
        new_password: whether the password was changed, which makes previous guesses worthless; then
            the counts of all networks are reset.
    """
    logins = (user.email, user.username)
    nearest, *wider = enclosing_networks(address)
    buckets = [_account_bucket(login, nearest) for login in logins]
    if new_password:
        buckets += [_account_bucket(login, each) for login in logins for each in wider]
        buckets += [bucket for login in logins for bucket in _account_buckets_everywhere(login)]
    await current_app.rate_limits.forget(session, *buckets)


def _device_bucket(device: KnownDevice) -> Bucket:
    return Bucket(FROM_DEVICE, f"{device.user_id} {device.id}")


def _account_bucket(login: str, enclosing: EnclosingNetwork) -> Bucket:
    network, share = enclosing
    return Bucket(AT_ACCOUNT.times(share), f"{network} {login.lower()}")


def _account_buckets_everywhere(login: str) -> list[Bucket]:
    return [Bucket(quota, login.lower()) for quota in AT_ACCOUNT_FROM_ANYWHERE]


def _code_buckets(buckets: Iterable[Bucket]) -> tuple[Bucket, ...]:
    """The same buckets under other names, for codes. Login attempts, where any text may be entered
    as the username, could empty them otherwise."""
    return tuple(
        Bucket(quota._replace(name=f"{quota.name} with codes"), who) for quota, who in buckets
    )
