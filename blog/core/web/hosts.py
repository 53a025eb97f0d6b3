"""The names that the site answers to: that of `BASE_URL`, and `ALLOWED_HOSTS`.

A client can write any name into its Host header. Nothing here is built on it, and a request for
a foreign one is not answered at all: neither does a cache keep a page of ours for
another site, nor can a page there get at this one by pointing its own name here ("DNS rebinding").
"""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from quart import Response, request

from blog.core.web.app import Broadside
from blog.core.web.health import PATHS
from settings import Settings

HOST = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{0,5})?", re.ASCII | re.IGNORECASE)
OF_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")
REFUSAL = "This site does not answer to that name. Its operator can allow it by ALLOWED_HOSTS.\n"


def allowed_hosts(settings: Settings) -> tuple[str, ...]:
    """Every name that is ours; one with a dot before it stands for all that end so."""
    own = urlsplit(settings.base_url).hostname or ""
    own = f"[{own}]" if ":" in own else own
    return (own, *settings.allowed_hosts, *(OF_THIS_MACHINE if settings.is_development else ()))


@lru_cache(maxsize=256)
def is_allowed(host: str, names: tuple[str, ...]) -> bool:
    """Whether a Host header, which may end with a port, is one of `names`."""
    found = HOST.fullmatch(host)
    name = found[1].lower() if found else ""
    return any(
        f".{name}".endswith(each) if each.startswith(".") else name == each for each in names
    )


def init_app(app: Broadside) -> None:
    """Let `app` refuse requests for other hosts. A balancer asks for health by an address."""
    names = allowed_hosts(app.settings)

    @app.before_request
    async def refuse_foreign_host() -> Response | None:
        # HTTP/1.0 knows requests that name no host.
        host = request.headers.get("Host", "")
        if not host or request.path in PATHS or is_allowed(host, names):
            return None
        return Response(REFUSAL, 400, mimetype="text/plain")
