"""How many requests a client of the API may send."""

import hashlib

from quart import Response, g, request

from blog.core.auth.quotas import peoples, spend_from, strangers
from blog.core.errors import TooManyRequestsError
from blog.core.web.app import current_app
from blog.core.web.rate_limits import Bucket, Quota

REQUESTS = Quota("default", 300, 60, at_once=15)


async def spend(user_id: int = 0) -> None:
    """Count the current request, for a person, or for the network address.

    Args:
        user_id: whose request it is; 0 if that is not known.

    Raises:
        TooManyRequestsError: there were too many already.
    """
    buckets = peoples(REQUESTS, user_id) if user_id else strangers(REQUESTS)
    try:
        standing = await spend_from(buckets)
    except TooManyRequestsError as error:
        if user_id:
            current_app.rate_limits.mark_empty(_credentials(), error.wait)
        raise
    if standing:
        g.api_standing = standing


def refuse_known_credentials() -> None:
    """Refuse the credentials of a person whose quota is used up, before they are looked up.

    Raises:
        TooManyRequestsError: this process has refused the same ones a moment ago.
    """
    current_app.rate_limits.refuse_if_empty(_credentials())


def _credentials() -> Bucket:
    """What the request's sender is known by; it may be the address that has used up its quota."""
    given = f"{request.remote_addr} {request.headers.get('Authorization', '')}"
    digest = hashlib.sha256(given.encode(errors="replace")).hexdigest()
    return Bucket(REQUESTS, f"credentials {digest}")


async def add_headers(response: Response) -> Response:
    """Tell the client how it stands, after a request that was counted."""
    if standing := g.get("api_standing"):
        response.headers.update(standing.headers())
    return response
