"""How many requests a client of the API may send."""

from quart import Response, g

from blog.kit.rate_limits import Quota
from blog.web.quotas import peoples, spend_from, strangers

REQUESTS = Quota("default", 300, 60, at_once=15)


async def spend(user_id: int | None = None) -> None:
    """Count the current request, for a person, or for the network address if that is not known.

    Raises:
        TooManyRequestsError: there were too many already.
    """
    buckets = peoples(REQUESTS, user_id) if user_id else strangers(REQUESTS)
    if standing := await spend_from(buckets):
        g.api_standing = standing


async def add_headers(response: Response) -> Response:
    """Tell the client how it stands, after a request that was counted."""
    if standing := g.get("api_standing"):
        response.headers.update(standing.headers())
    return response
