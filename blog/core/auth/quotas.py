"""The quotas: how often somebody may do what, and the decorator that counts it.

Every route that changes something has one; those of the API are counted in `blog.core.api.limits`.
A quota is counted for a person, not for one of their sessions or tokens, and for the networks
around the address. Strangers have a quota by address alone, and share none with people who are
logged in: what strangers send from a network takes nothing from its members.

Guessing passwords is limited in `blog.accounts.login.attempts`, mails to one address in
`blog.mail.outbox`. `docs/security.md` has all of them in one table.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec

from quart import request
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import current_viewer
from blog.core.networks import enclosing_networks, parsed_address
from blog.core.web.app import current_app
from blog.core.web.rate_limits import Bucket, Quota, QuotaStatus

Arguments = ParamSpec("Arguments")
View = Callable[Arguments, Awaitable[ResponseReturnValue]]

MINUTE, HOUR, DAY = 60, 3600, 86_400
# How many people who are logged in may use all of their quotas behind one address.
PEOPLE_AT_AN_ADDRESS = 4

PREVIEWING = Quota("previewing", 60, MINUTE, at_once=3)
WRITING = Quota("writing", 120, 10 * MINUTE, at_once=3)
FOLLOWING = Quota("following", 120, 10 * MINUTE, at_once=3)
REPORTING = Quota("reporting", 30, HOUR)
MODERATING = Quota("moderating", 600, 10 * MINUTE, at_once=10)
CHANGING_ACCOUNT = Quota("changing the account", 60, 10 * MINUTE)
LOGGING_IN = Quota("logging in", 300, 10 * MINUTE, at_once=5)
REGISTERING = Quota("registering", 20, HOUR)
MAILING = Quota("mailing", 20, HOUR)
UPLOADING = Quota("uploading", 120, HOUR, at_once=10)
EXPORTING = Quota("exporting", 6, HOUR)


def strangers(quota: Quota) -> tuple[Bucket, ...]:
    """The buckets of whoever sends the current request, known by the network address alone."""
    return _strangers(quota, request.remote_addr)


def peoples(quota: Quota, user_id: int) -> tuple[Bucket, ...]:
    """The buckets of a person who sends the current request."""
    return _peoples(quota, user_id, request.remote_addr)


@functools.lru_cache(maxsize=1_000)
def _strangers(quota: Quota, address: str | None) -> tuple[Bucket, ...]:
    return tuple(
        Bucket(quota.times(share), f"from {network}")
        for network, share in enclosing_networks(parsed_address(address))
    )


@functools.lru_cache(maxsize=1_000)
def _peoples(quota: Quota, user_id: int, address: str | None) -> tuple[Bucket, ...]:
    return (
        Bucket(quota, f"person {user_id}"),
        *(
            Bucket(quota.times(share * PEOPLE_AT_AN_ADDRESS), f"people in {network}")
            for network, share in enclosing_networks(parsed_address(address))
        ),
    )


async def spend(quota: Quota) -> None:
    """Count the current request, before it costs anything.

    The caller holds no connection.

    Raises:
        TooManyRequestsError: there were too many already.
    """
    user_id = current_viewer().id
    await spend_from(peoples(quota, user_id) if user_id else strangers(quota))


async def spend_from(buckets: tuple[Bucket, ...]) -> QuotaStatus | None:
    """Take one request out of each bucket, unless the site has no limits (`RATE_LIMITS`).

    Returns:
        What is left in the first one.

    Raises:
        TooManyRequestsError: one of them is empty.
    """
    if not current_app.settings.rate_limits:
        return None
    return (await current_app.rate_limits.spend(*buckets))[0]


def quota(
    counted: Quota, *, preview: Quota | None = None
) -> Callable[[View[Arguments]], View[Arguments]]:
    """Count the requests to a view. It goes right below the route.

    Args:
        counted: the quota that a request is taken from.
        preview: the one where the form was sent by a button `preview`, if there is one.

    The view then raises `TooManyRequestsError` when there were too many.
    """

    def decorate(view: View[Arguments]) -> View[Arguments]:
        @functools.wraps(view)
        async def limited(*args: Arguments.args, **kwargs: Arguments.kwargs) -> ResponseReturnValue:
            is_preview = preview is not None and "preview" in await request.form
            await spend(preview if preview and is_preview else counted)
            return await view(*args, **kwargs)

        return limited

    return decorate
