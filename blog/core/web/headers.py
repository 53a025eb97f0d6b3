"""Headers of every answer that tell the browser what a page may do.

References: Content Security Policy Level 3; OWASP HTTP Security Response Headers Cheat Sheet.
"""

from quart import Response, g, request
from werkzeug.urls import iri_to_uri

from blog.core.web.app import Broadside
from blog.core.web.identicons import GRAVATAR
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
# One's own account, and what comes before it; and the mails of the site.
PRIVATE = ("/auth/", "/dev/mailbox")
OF_EVERYTHING = {
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
OF_PAGES = {
    "Cache-Control": "private, no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def content_security_policy(avatars: Avatars) -> str:
    """What a page may load: only from this site, but for pictures if they come from Gravatar."""
    policy = "; ".join(POLICY)
    if avatars is Avatars.GRAVATAR:
        policy = policy.replace("img-src 'self'", f"img-src 'self' {GRAVATAR}")
    return policy


def keep_private() -> None:
    """Let no browser keep the page of the current request: it is for one person alone.

    Whoever presses Back after that person has logged out then finds nothing of theirs (OWASP ASVS
    5.0, 14.3.2). Pages that everybody may read stay in the browser, also for people who are logged
    in: to go back to one is quick, and what somebody was typing there is still in the form.
    """
    g.is_private = True


def vary_by(response: Response, name: str) -> None:
    """Tell caches that the answer depends on a header of the request (RFC 9110, 12.5.5 "Vary")."""
    response.vary.add(name)


def init_app(app: Broadside) -> None:
    """Add to the answers of `app` what a view did not set; pages are asked for again each time."""
    policy = content_security_policy(app.settings.avatars)
    of_everything = OF_EVERYTHING | {"Content-Security-Policy": policy}
    of_pages = of_everything | OF_PAGES

    @app.after_request
    async def add_headers(response: Response) -> Response:
        if "Location" in response.headers:  # It is a URI (RFC 9110, 10.2.2), which is ASCII.
            response.headers["Location"] = iri_to_uri(response.headers["Location"])
        headers = of_pages if response.mimetype == "text/html" else of_everything
        if headers is of_pages and (g.get("is_private") or request.path.startswith(PRIVATE)):
            response.headers.setdefault("Cache-Control", "no-store")
        present = set(response.headers.keys(lower=True))
        response.headers.extend(
            [(name, value) for name, value in headers.items() if name.lower() not in present]
        )
        return response
