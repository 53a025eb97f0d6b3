"""HTTPS only, where `HTTPS_REDIRECT` asks for it (RFC 6797, "HTTP Strict Transport Security")."""

from urllib.parse import quote, urlsplit

from quart import Response, redirect, request
from quart.typing import ResponseReturnValue

from blog.core.web.app import Broadside
from blog.core.web.health import PATHS

A_YEAR = "max-age=31536000"


def init_app(app: Broadside) -> None:
    """Let `app` lead requests by HTTP to HTTPS, if it shall; a balancer asks for health by HTTP."""
    if not app.settings.https_redirect:
        return
    site = urlsplit(app.settings.base_url)
    policy = f"{A_YEAR}; includeSubDomains" if app.settings.hsts_subdomains else A_YEAR

    @app.before_request
    async def redirect_to_https() -> ResponseReturnValue | None:
        if request.scheme == "https" or request.path in PATHS:
            return None
        query = f"?{request.query_string.decode()}" if request.query_string else ""
        # 308 keeps the method; and the host is ours, whatever one the request has named.
        return redirect(f"https://{site.netloc}{quote(request.path)}{query}", 308)

    @app.after_request
    async def ask_for_https_from_now_on(response: Response) -> Response:
        if request.scheme == "https":
            response.headers["Strict-Transport-Security"] = policy
        return response
