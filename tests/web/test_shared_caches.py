"""What a proxy or CDN may store: pages that are the same for every stranger."""

import re
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from blog import create_app
from blog.core.web.app import Broadside
from settings import Settings
from tests.servers import PROJECT
from tests.support import Browser, NewUser, add_users


@pytest.fixture
async def sharing(
    app: Broadside, make_settings: Callable[..., Settings]
) -> AsyncIterator[Broadside]:
    """An application whose pages may be stored for a second."""
    started = create_app(make_settings(shared_cache_seconds=1))
    async with started.test_app():
        yield started


async def headers(app: Broadside, address: str, **sent: str) -> httpx.Headers:
    async with Browser(app) as browser:
        return (await browser.get(address, headers=sent)).headers


@pytest.mark.parametrize(
    "address", ["/", "/explore", "/tags", "/feed.atom", "/user/susan/feed.json"]
)
async def test_pages_and_feeds_of_strangers_may_be_stored_and_have_no_cookie(
    sharing: Broadside, address: str
) -> None:
    await add_users(sharing, NewUser("susan"))
    found = await headers(sharing, address)
    assert found["cache-control"] == "public, max-age=0, s-maxage=1"
    assert found["x-accel-expires"].startswith("@")
    assert "set-cookie" not in found
    assert "Cookie" in found["vary"], "those with cookies have pages of their own"


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("/", {"Cookie": "theme=dark"}),
        ("/", {"Authorization": "Basic eDp5"}),
        # Its form has the secret of a new session.
        ("/auth/login", {}),
        ("/nowhere", {}),
        ("/api/v1/posts/", {}),
    ],
)
async def test_what_may_differ_is_not_stored(
    sharing: Broadside, address: str, sent: dict[str, str]
) -> None:
    found = await headers(sharing, address, **sent)
    assert "s-maxage" not in found.get("cache-control", "")
    assert "x-accel-expires" not in found


async def test_nothing_is_shared_by_default(app: Broadside) -> None:
    assert (await headers(app, "/"))["cache-control"] == "private, no-cache"


async def test_two_strangers_get_the_same_bytes(sharing: Broadside) -> None:
    async with Browser(sharing) as one, Browser(sharing) as other:
        assert (await one.get("/")).content == (await other.get("/")).content


def test_no_address_has_the_key_of_another_in_nginx() -> None:
    """A stranger chooses their headers: the parts of the key have to be told apart."""
    recipe = (PROJECT / "deploy" / "nginx.conf").read_text()
    (key,) = re.findall('proxy_cache_key "([^"]+)";', recipe)
    parts = key.split(" ")
    assert all(re.fullmatch(r"\$\w+", part) for part in parts), key
    # No part but the last may have a space.
    assert parts[-1] == "$http_accept_language" and "$request_uri" in parts[:-1]


async def test_a_shared_cache_tells_languages_apart(sharing: Broadside) -> None:
    for accepted, language in (("de", "de"), ("fr-CH, en;q=0.2", "fr"), ("", "en")):
        found = await headers(sharing, "/", **{"Accept-Language": accepted})
        assert found["content-language"] == language
        assert "s-maxage=1" in found["cache-control"]
        assert "Accept-Language" in found["vary"]
