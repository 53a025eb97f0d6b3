"""Headers of every answer that tell the browser what a page may do.

References: Content Security Policy Level 3; OWASP HTTP Security Response Headers Cheat Sheet.
"""

from quart import Quart, Response

POLICY = "; ".join(
    [
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
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


async def add_headers(response: Response) -> Response:
    """Add what the view did not set itself; pages are asked for again each time."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


def init_app(app: Quart) -> None:
    app.after_request(add_headers)
