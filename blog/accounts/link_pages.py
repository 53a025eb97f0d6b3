"""What the pages behind the links in mails have in common."""

from quart import Response, render_template, request
from quart.typing import ResponseReturnValue

from blog.core.crypto.tokens import ExpiredTokenError, InvalidTokenError, OtherAccountError

HEADERS = {
    # Nobody finds the token in a cache, and a page that this one leads to does not learn it.
    # Not "no-referrer": with that a browser sends `Origin: null` along with the page's form
    # (Fetch Standard, "append a request Origin header"), which is refused as another site's.
    "Cache-Control": "no-store",
    "Referrer-Policy": "strict-origin",
}


async def keep_token_secret(response: Response) -> Response:
    """After a request whose address holds a token: let the answer leave no trace of it."""
    if "token" in (request.view_args or {}):
        response.headers.update(HEADERS)
    return response


async def bad_link(error: InvalidTokenError, way_on: str, label: str) -> ResponseReturnValue:
    """The page that says why a link does not work, and offers the way on.

    Args:
        way_on: the endpoint where one gets another link.
        label: what the link to it says.
    """
    page = await render_template(
        "accounts/bad_link.html",
        is_expired=isinstance(error, ExpiredTokenError),
        is_others=isinstance(error, OtherAccountError),
        way_on=way_on,
        label=label,
    )
    return page, 400
