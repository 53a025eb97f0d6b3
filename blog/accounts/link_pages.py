"""Shared by the pages that links in mails lead to."""

from quart import Response, render_template, request
from quart.typing import ResponseReturnValue

from blog.core.crypto.tokens import ExpiredTokenError, InvalidTokenError, OtherAccountError

HEADERS = {
    # Keep the token out of caches and of the Referer header. Not "no-referrer", with which browsers
    # send `Origin: null` with the form (Fetch Standard, "append a request Origin header"), which is
    # refused as cross-site.
    "Cache-Control": "no-store",
    "Referrer-Policy": "strict-origin",
}


async def keep_token_secret(response: Response) -> Response:
    """Add the headers to responses of URLs that contain a token."""
    if "token" in (request.view_args or {}):
        response.headers.update(HEADERS)
    return response


async def bad_link(error: InvalidTokenError, way_on: str, label: str) -> ResponseReturnValue:
    """The error page for an invalid link.

    Args:
        way_on: the endpoint where the user can get another link.
        label: the label of the link to it.
    """
    page = await render_template(
        "accounts/bad_link.html",
        is_expired=isinstance(error, ExpiredTokenError),
        is_others=isinstance(error, OtherAccountError),
        way_on=way_on,
        label=label,
    )
    return page, 400
