"""Rate limits of the API."""

import hashlib

from quart import Response, g, request

from blog.core.auth.quotas import anonymous_buckets, spend_from, user_buckets
from blog.core.errors import TooManyRequestsError
from blog.core.web.app import current_app
from blog.core.web.rate_limits import Bucket, Quota

REQUESTS = Quota("default", 300, 60, at_once=15)


async def spend(user_id: int = 0) -> None:
    """Count the current request for a user or a network address.

    Args:
        user_id: the user; 0 if unknown.

    Raises:
        TooManyRequestsError: the limit is reached.
    """
    buckets = user_buckets(REQUESTS, user_id) if user_id else anonymous_buckets(REQUESTS)
    try:
        status = await spend_from(buckets)
    except TooManyRequestsError as error:
        if user_id:
            current_app.rate_limits.mark_empty(_credentials_bucket(), error.wait)
        raise
    if status:
        g.api_status = status


def refuse_known_credentials() -> None:
    """Refuse the credentials of a user whose quota is exhausted, before looking them up.

    Raises:
        TooManyRequestsError: this process has just refused the same credentials.
    """
    current_app.rate_limits.refuse_if_empty(_credentials_bucket())


def _credentials_bucket() -> Bucket:
    """Identify the sender of a request by credentials and address, because either may have
    exhausted its quota."""
    given = f"{request.remote_addr} {request.headers.get('Authorization', '')}"
    digest = hashlib.sha256(given.encode(errors="replace")).hexdigest()
    return Bucket(REQUESTS, f"credentials {digest}")


async def add_headers(response: Response) -> Response:
    """Add the rate limit headers to the response for a counted request."""
    if status := g.get("api_status"):
        response.headers.update(status.headers())
    return response
