"""Security headers of every response.

References: Content Security Policy Level 3; OWASP HTTP Security Response Headers Cheat Sheet.
"""

from quart import Response, g, request
from werkzeug.urls import iri_to_uri

from blog.core.web.app import Broadside
from blog.core.web.identicons import GRAVATAR
from settings import Avatars, Settings

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
# The kinds of files in `static`.
OF_FILES = ("font-src", "img-src", "script-src", "style-src")
# The account pages, log-in and registration; and the mailbox of development sites.
PRIVATE = ("/auth/", "/dev/mailbox")
COMMON_HEADERS = {
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
PAGE_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def content_security_policy(settings: Settings) -> str:
    """The policy: resources of this site only, files of `STATIC_URL`, and images of `MEDIA_URL` and
    Gravatar, if used."""
    own = [settings.static_url] if settings.static_url else []
    hosts = {f"{kind} 'self'": list(own) for kind in OF_FILES}
    if settings.media_url:
        hosts["img-src 'self'"].append(settings.media_url)
    if settings.avatars is Avatars.GRAVATAR:
        hosts["img-src 'self'"].append(GRAVATAR)
    return "; ".join(" ".join([rule, *hosts.get(rule, [])]) for rule in POLICY)


def keep_private() -> None:
    """Send the current page with `no-store`, because it is private.

    The next user of the browser cannot go Back to it after a log-out (OWASP ASVS 5.0, 14.3.2).
    Public pages are stored even for logged-in users, so that Back is fast and a half-written form
    survives it.
    """
    g.is_private = True


def keep_out_of_indexes() -> None:
    """Ask search engines not to list the current page."""
    g.is_unlisted = True


def allow_framing() -> None:
    """Let pages of other sites show the current page in a frame."""
    g.may_be_framed = True


def is_unlisted() -> bool:
    """Whether search engines are asked not to list the current page."""
    return bool(g.get("is_unlisted"))


def vary_by(response: Response, name: str) -> None:
    """Add a request header to `Vary` (RFC 9110, 12.5.5). Parsing it would take longer."""
    present = response.headers.get("Vary")
    if present is None:
        response.headers["Vary"] = name
    elif name.lower() not in present.lower().split(", "):
        response.headers["Vary"] = f"{present}, {name}"


def is_stored(response: Response) -> bool:
    """Whether browsers may store a response: `Cache-Control` has no `no-store`."""
    return "no-store" not in response.headers.get("Cache-Control", "")


def init_app(app: Broadside) -> None:
    """Add the headers to all responses of `app`, except those that a view has set."""
    policy = content_security_policy(app.settings)
    common_headers = COMMON_HEADERS | {"Content-Security-Policy": policy}
    page_headers = common_headers | PAGE_HEADERS
    framed = policy.replace("frame-ancestors 'none'", "frame-ancestors *")
    framed_headers = page_headers | {"Content-Security-Policy": framed}
    del framed_headers["X-Frame-Options"]
    app.jinja_env.globals["is_unlisted"] = is_unlisted

    @app.after_request
    async def add_headers(response: Response) -> Response:
        if "Location" in response.headers:  # It is a URI (RFC 9110, 10.2.2), which is ASCII.
            response.headers["Location"] = iri_to_uri(response.headers["Location"])
        headers = page_headers if response.mimetype == "text/html" else common_headers
        if g.get("may_be_framed"):
            headers = framed_headers
        elif headers is page_headers and (g.get("is_private") or request.path.startswith(PRIVATE)):
            response.headers.setdefault("Cache-Control", "no-store")
        if is_unlisted() or not app.site.allow_indexing:
            response.headers["X-Robots-Tag"] = "noindex"
        present = set(response.headers.keys(lower=True))
        response.headers.extend(
            [(name, value) for name, value in headers.items() if name.lower() not in present]
        )
        return response
