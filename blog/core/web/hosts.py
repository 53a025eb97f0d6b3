"""Host header validation: `BASE_URL` and `ALLOWED_HOSTS`.

Requests for any other host are refused, which prevents cache poisoning and DNS rebinding. No URL is
built from the Host header either.
"""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from quart import Response, request

from blog.core.web.app import Broadside
from blog.core.web.health import PATHS
from settings import Settings

HOST = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{0,5})?", re.ASCII | re.IGNORECASE)
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
REFUSAL = "This host name isn't allowed here. The site's operator can add it to ALLOWED_HOSTS.\n"


def allowed_hosts(settings: Settings) -> tuple[str, ...]:
    """The allowed host names; a leading dot includes all subdomains."""
    own = urlsplit(settings.base_url).hostname or ""
    own = f"[{own}]" if ":" in own else own
    return (own, *settings.allowed_hosts, *(LOOPBACK_NAMES if settings.is_development else ()))


@lru_cache(maxsize=256)
def is_allowed(host: str, names: tuple[str, ...]) -> bool:
    """Whether a Host header, which may end with a port, is one of `names`."""
    found = HOST.fullmatch(host)
    name = found[1].lower() if found else ""
    return any(
        f".{name}".endswith(each) if each.startswith(".") else name == each for each in names
    )


def init_app(app: Broadside) -> None:
    """Let `app` refuse requests for other hosts, except for health probes by IP address."""
    names = allowed_hosts(app.settings)

    @app.before_request
    async def refuse_foreign_host() -> Response | None:
        # HTTP/1.0 requests need no Host header.
        host = request.headers.get("Host", "")
        if not host or request.path in PATHS or is_allowed(host, names):
            return None
        return Response(REFUSAL, 400, mimetype="text/plain")
