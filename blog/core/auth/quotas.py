"""The rate limits of pages, and the decorator that applies them.

Every route that changes something has one; the API's are in `blog.core.api.limits`. A quota is
counted per user, over all their sessions and tokens, and per network around the address. Anonymous
clients are counted by address alone, separately from logged-in users, so they can't use up the
quota of users in the same network.

`blog.accounts.login_attempts` limits password guessing, `blog.mail.outbox` mail to an address.
`docs/security.md` lists all limits.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec

from quart import request
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import current_viewer
from blog.core.networks import enclosing_networks, parse_address
from blog.core.web.app import current_app
from blog.core.web.rate_limits import Bucket, Quota, QuotaStatus

Arguments = ParamSpec("Arguments")
View = Callable[Arguments, Awaitable[ResponseReturnValue]]

MINUTE, HOUR, DAY = 60, 3600, 86_400
# How many logged-in users behind one address can use their full quotas.
PEOPLE_AT_AN_ADDRESS = 4

PREVIEWING = Quota("previewing", 60, MINUTE, at_once=3)
WRITING = Quota("writing", 120, 10 * MINUTE, at_once=3)
# A tab saves every five seconds during typing.
AUTOSAVING = Quota("saving drafts", 600, 10 * MINUTE, at_once=3)
FOLLOWING = Quota("following", 120, 10 * MINUTE, at_once=3)
BLOCKING = Quota("muting and blocking", 120, 10 * MINUTE, at_once=3)
REACTING = Quota("liking and bookmarking", 300, 10 * MINUTE, at_once=3)
LISTENING = Quota("listening to live updates", 120, MINUTE, at_once=5)
READING_NOTIFICATIONS = Quota("reading notifications", 300, 10 * MINUTE, at_once=5)
REPORTING = Quota("reporting", 30, HOUR)
MODERATING = Quota("moderating", 600, 10 * MINUTE, at_once=10)
CHANGING_ACCOUNT = Quota("changing the account", 60, 10 * MINUTE)
LOGGING_IN = Quota("logging in", 300, 10 * MINUTE, at_once=5)
REGISTERING = Quota("registering", 20, HOUR)
MAILING = Quota("mailing", 20, HOUR)
SUBSCRIBING = Quota("subscribing by mail", 20, HOUR)
# The servers of a large mail provider send the requests of all its users.
UNSUBSCRIBING = Quota("unsubscribing", 600, MINUTE, at_once=10)
UPLOADING = Quota("uploading", 120, HOUR, at_once=10)
EXPORTING = Quota("exporting", 2, HOUR)
SEARCHING = Quota("searching", 120, MINUTE, at_once=10)
# While people type.
SUGGESTING = Quota("suggesting", 300, MINUTE, at_once=15)
IMPORTING = Quota("importing", 60, HOUR, at_once=3)


def anonymous_buckets(quota: Quota) -> tuple[Bucket, ...]:
    """The buckets of an anonymous client, by its network address."""
    return _anonymous_buckets(quota, request.remote_addr)


def user_buckets(quota: Quota, user_id: int) -> tuple[Bucket, ...]:
    """The buckets of a logged-in user."""
    return _user_buckets(quota, user_id, request.remote_addr)


@functools.lru_cache(maxsize=1_000)
def _anonymous_buckets(quota: Quota, address: str | None) -> tuple[Bucket, ...]:
    return tuple(
        Bucket(quota.times(share), f"from {network}")
        for network, share in enclosing_networks(parse_address(address))
    )


@functools.lru_cache(maxsize=1_000)
def _user_buckets(quota: Quota, user_id: int, address: str | None) -> tuple[Bucket, ...]:
    return (
        Bucket(quota, f"person {user_id}"),
        *(
            Bucket(quota.times(share * PEOPLE_AT_AN_ADDRESS), f"people in {network}")
            for network, share in enclosing_networks(parse_address(address))
        ),
    )


async def spend(quota: Quota) -> None:
    """Count the current request.

    The caller must not hold a connection.

    Raises:
        TooManyRequestsError: the limit is reached.
    """
    user_id = current_viewer().id
    await spend_from(user_buckets(quota, user_id) if user_id else anonymous_buckets(quota))


async def spend_from(buckets: tuple[Bucket, ...]) -> QuotaStatus | None:
    """Take one request from each bucket, unless `RATE_LIMITS` is off.

    Returns:
        What remains in the first bucket.

    Raises:
        TooManyRequestsError: a bucket is empty.
    """
    if not current_app.settings.rate_limits:
        return None
    return (await current_app.rate_limits.spend(*buckets))[0]


def quota(
    counted: Quota, *, preview: Quota | None = None
) -> Callable[[View[Arguments]], View[Arguments]]:
    """Count the requests to a view. This goes directly below the route.

    Args:
        counted: the quota of a request.
        preview: the quota if the form was sent with the button `preview`.

    The view then raises `TooManyRequestsError` at the limit.
    """

    def decorate(view: View[Arguments]) -> View[Arguments]:
        @functools.wraps(view)
        async def limited(*args: Arguments.args, **kwargs: Arguments.kwargs) -> ResponseReturnValue:
            is_preview = preview is not None and "preview" in await request.form
            await spend(preview if preview and is_preview else counted)
            return await view(*args, **kwargs)

        return limited

    return decorate
