"""Redirects to HTTPS, and HSTS (RFC 6797), if `HTTPS_REDIRECT` is set."""

from urllib.parse import quote, urlsplit

from quart import Response, redirect, request
from quart.typing import ResponseReturnValue

from blog.core.web.app import Broadside
from blog.core.web.health import PATHS

A_YEAR = "max-age=31536000"


def init_app(app: Broadside) -> None:
    """Let `app` redirect HTTP to HTTPS if configured, except for health probes."""
    if not app.settings.https_redirect:
        return
    site = urlsplit(app.settings.base_url)
    policy = f"{A_YEAR}; includeSubDomains" if app.settings.hsts_subdomains else A_YEAR

    @app.before_request
    async def redirect_to_https() -> ResponseReturnValue | None:
        if request.scheme == "https" or request.path in PATHS:
            return None
        query = f"?{request.query_string.decode()}" if request.query_string else ""
        # 308 keeps the method. The host is that of BASE_URL, not of the request.
        return redirect(f"https://{site.netloc}{quote(request.path)}{query}", 308)

    @app.after_request
    async def ask_for_https_from_now_on(response: Response) -> Response:
        if request.scheme == "https":
            response.headers["Strict-Transport-Security"] = policy
        return response
