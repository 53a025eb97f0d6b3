"""The links lead through the whole site, and never out of a version of the API."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.web.app import Broadside
from blog.models import Follow, User
from settings import Settings
from tests.api.support import Client
from tests.comments.support import add_comments
from tests.posts.test_posts import add_posts
from tests.support import PASSWORD

SITE = "https://blog.test"
ELSEWHERE = {"avatar_url", "documentation_url", "html_url"}
SECRET = {"token_url"}


def links_in(document: Any) -> dict[str, str]:
    """The addresses in a document, each with the name of the member it stands in."""
    found = {}
    if isinstance(document, dict):
        for name, value in document.items():
            if name in {"url", "prev", "next"} or name.endswith("_url"):
                found |= {value: name} if value else {}
            else:
                found |= links_in(value)
    elif isinstance(document, list):
        for item in document:
            found |= links_in(item)
    return found


@pytest.mark.parametrize("version", ["v1", "v1.0"])
async def test_every_link_leads_to_a_resource_of_the_same_version(
    app: Broadside, db: AsyncSession, susan: User, make_user: Callable[..., Awaitable[User]],
    version: str,
) -> None:  # fmt: skip
    david = await make_user("david")
    db.add_all([
        Follow(follower_id=susan.id, followed_id=david.id),
        Follow(follower_id=david.id, followed_id=susan.id),
    ])  # fmt: skip
    posts = [*await add_posts(db, susan, 12), *await add_posts(db, david, 12)]
    await add_comments(db, posts[0], david.id, 35)
    root = f"{SITE}/api/{version}"
    async with Client(app, version, auth=("susan", PASSWORD)) as client:
        token = (await client.get("/token")).json()["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        ways = {f"{root}/": "", f"{root}/posts/?cursor=&per_page=5": "", f"{root}/me": ""}
        followed: dict[str, Any] = {}
        while new := [address for address in ways if address not in followed]:
            for address in new:
                answer = await client.get(address, headers=bearer, auth=None)
                name = ways[address]
                assert answer.status_code == (401 if name in SECRET else 200), address
                followed[address] = answer
                if name not in ELSEWHERE | SECRET:
                    assert address.startswith(f"{root}/"), address
                    if (url := answer.json().get("url")) and not address.endswith("/me"):
                        assert url == address
                    ways |= {
                        way: n for way, n in links_in(answer.json()).items() if way not in ways
                    }
    names = set(ways.values())
    assert names >= {"prev", "next", "url", "post_url", "author_url", "comments_url", "posts_url",
                     "followed_posts_url", "followers_url", "following_url", "tokens_url",
                     *ELSEWHERE, *SECRET}  # fmt: skip
    assert {f"{root}/posts/{post.id}" for post in posts} <= set(ways)
    assert {f"{root}/comments/{number}" for number in range(1, 36)} <= set(ways)


@pytest.mark.parametrize("host", ["blog.test:8443", "BLOG.test", "other.test:80"])
async def test_links_begin_with_the_sites_own_address_whatever_the_host_header_says(
    make_settings: Callable[..., Settings], susan: User, db: AsyncSession, host: str
) -> None:
    await add_posts(db, susan, 3)
    app = create_app(make_settings(allowed_hosts="other.test"))
    async with app.test_app(), Client(app, headers={"Host": host}) as client:
        for address in ("/", "/posts/?page=2&per_page=1", "/posts/?cursor=&per_page=1", "/users/"):
            answer = await client.get(address)
            found = [
                *links_in(answer.json()),
                *re.findall("<(.*?)>", answer.headers.get("link", "")),
            ]
            assert found
            assert all(link.startswith(f"{SITE}/") for link in found)
