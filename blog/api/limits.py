"""How many requests a client of the API may send."""

from quart import Response, g

from blog.web.app import current_app
from blog.web.rate_limits import Quota, requesting_address

QUOTA = Quota("default", 300, 60)


async def spend(token_id: int | None = None) -> None:
    """Count the current request: for the token, or without one for the network address.

    Raises:
        TooManyRequestsError: there were too many already.
    """
    who = f"token {token_id}" if token_id else requesting_address()
    g.api_standing = await current_app.rate_limits.spend(QUOTA, who)


async def add_headers(response: Response) -> Response:
    """Tell the client how it stands, after a request that was counted."""
    if standing := g.get("api_standing"):
        response.headers.update(standing.headers())
    return response
