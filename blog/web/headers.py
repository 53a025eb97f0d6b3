"""Headers of every answer that tell the browser what a page may do.

References: Content Security Policy Level 3; OWASP HTTP Security Response Headers Cheat Sheet.
"""

from quart import Response

from blog.kit.avatars import GRAVATAR
from blog.web.app import Broadside
from settings import Avatars

POLICY = [
    "default-src 'none'",
    "base-uri 'none'",
    "connect-src 'self'",
    "font-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "frame-src 'self'",
    "img-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
]
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def content_security_policy(avatars: Avatars) -> str:
    """What a page may load: only from this site, but for pictures if they come from Gravatar."""
    policy = "; ".join(POLICY)
    if avatars is Avatars.GRAVATAR:
        policy = policy.replace("img-src 'self'", f"img-src 'self' {GRAVATAR}")
    return policy


def init_app(app: Broadside) -> None:
    """Add to the answers of `app` what a view did not set; pages are asked for again each time."""
    headers = HEADERS | {"Content-Security-Policy": content_security_policy(app.settings.avatars)}

    @app.after_request
    async def add_headers(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if response.mimetype == "text/html":
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response
