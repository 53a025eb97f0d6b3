"""The requests that purge keys from a cache, for each kind of cache.

- Fastly: `Surrogate-Key` in pages, up to 256 keys a request
  (https://www.fastly.com/documentation/reference/api/purging/).
- Varnish: the header `xkey` of vmod_xkey in pages and requests
  (https://github.com/varnish/varnish-modules).
- Cloudflare: `Cache-Tag` in pages, up to 100 tags a request
  (https://developers.cloudflare.com/cache/how-to/purge-cache/purge-by-tags/).
"""

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from blog.core.web.fetching import send
from settings import CacheKind, Settings

# The limit of the strictest cache; this many keys also fit into a header.
MOST_KEYS = 100


async def purge(settings: Settings, keys: Sequence[str]) -> None:
    """Purge all pages with one of these keys from the cache at `PURGE_URL`.

    Args:
        keys: the keys, at most `MOST_KEYS`.

    Raises:
        FetchError: the cache has not accepted the request.
    """
    token = settings.purge_token.get_secret_value() if settings.purge_token else None
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    method, body = "POST", b""
    match settings.purge_cache:
        case CacheKind.FASTLY:
            headers = {"Surrogate-Key": " ".join(keys), "Fastly-Key": token or ""}
        case CacheKind.VARNISH:
            method = "PURGE"
            headers = {"xkey": " ".join(keys), **bearer}
        case CacheKind.CLOUDFLARE:
            headers = {"Content-Type": "application/json", **bearer}
            body = json.dumps({"tags": keys}).encode()
    url = settings.purge_url or ""
    await send(
        url, f"Broadside (+{settings.base_url})", method=method, headers=headers, content=body,
        internal_host=urlsplit(url).hostname,
    )  # fmt: skip
