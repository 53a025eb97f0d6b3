"""The cookie of a trusted browser, where logging in needs no second factor."""

from datetime import timedelta

from quart import after_this_request, request
from quart.typing import ResponseTypes

from blog.core.web.cookies import cookie_name, set_cookie

COOKIE, TRUST_LASTS = "trusted", timedelta(days=30)


def requesting_trust() -> str | None:
    """The token of the current request, if its browser has one."""
    return request.cookies.get(cookie_name(COOKIE))


def set_trust_cookie(token: str) -> None:
    """Set the cookie with the token of a trusted browser."""

    @after_this_request
    async def trust(response: ResponseTypes) -> ResponseTypes:
        set_cookie(response, COOKIE, token, TRUST_LASTS)
        return response
