"""robots.txt, what is not to be listed, and addresses that programs know."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.robotparser import RobotFileParser

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.clock import now
from blog.discovery.robots import AI_CRAWLERS
from blog.models import User
from settings import Settings
from tests.posts.test_posts import add_posts
from tests.support import Browser

MakeSettings = Callable[..., Settings]
SITE = "https://blog.test"


def rules(text: str) -> RobotFileParser:
    parser = RobotFileParser()
    parser.parse(text.splitlines())
    return parser


async def test_crawlers_may_fetch_what_is_for_everybody(browser: Browser) -> None:
    answer = await browser.get("/robots.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    found = rules(answer.text)
    for path in ("/", "/post/1", "/user/susan", "/feed.atom", "/sitemap.xml"):
        assert found.can_fetch("Googlebot", path)
        assert found.can_fetch("GPTBot", path)
    for path in ("/auth/login", "/admin/users", "/write", "/edit/1", "/search?q=trams"):
        assert not found.can_fetch("Googlebot", path)
    (sitemap,) = found.site_maps() or []
    assert sitemap == f"{SITE}/sitemap.xml"


async def test_a_site_may_send_ai_crawlers_away(make_settings: MakeSettings) -> None:
    app = create_app(make_settings(allow_ai_crawlers=False))
    async with app.test_app(), Browser(app) as browser:
        found = rules((await browser.get("/robots.txt")).text)
        assert not any(found.can_fetch(name, "/post/1") for name in AI_CRAWLERS)
        assert found.can_fetch("Googlebot", "/post/1")


async def test_a_site_may_send_all_crawlers_away(make_settings: MakeSettings) -> None:
    app = create_app(make_settings(allow_indexing=False))
    async with app.test_app(), Browser(app) as browser:
        text = (await browser.get("/robots.txt")).text
        assert not rules(text).can_fetch("Googlebot", "/")
        assert "Sitemap" not in text
        assert (await browser.get("/auth/login")).headers["x-robots-tag"] == "noindex"


@pytest.mark.parametrize(
    "address",
    ["/?page=2", "/?page=999", "/user/susan?page=2", "/user/susan", "/followers/susan",
     "/followed_by/susan", "/feed.atom",
     "/tags?order=name&page=2", "/people?order=newest&page=2"],
)  # fmt: skip
async def test_thin_pages_are_not_listed(browser: Browser, susan: User, address: str) -> None:
    answer = await browser.get(address)
    assert answer.status_code == 200
    assert answer.headers["x-robots-tag"] == "noindex"


async def test_only_the_first_pages_of_places_are_listed(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    (post,) = await add_posts(db, susan, 1)
    assert post.published_at
    month = f"/archive/{post.published_at.year}/{post.published_at.month}"
    for address in (month, "/tags", "/people"):
        first, second = await browser.get(address), await browser.get(f"{address}?page=2")
        assert (first.status_code, second.status_code) == (200, 200), address
        assert "x-robots-tag" not in first.headers, address
        assert second.headers["x-robots-tag"] == "noindex", address


async def test_it_says_where_vulnerabilities_are_reported(
    browser: Browser, make_settings: MakeSettings
) -> None:
    assert (await browser.get("/.well-known/security.txt")).status_code == 404
    for contact, line in (
        ("security@example.com", "mailto:security@example.com"),
        ("https://example.com/report", "https://example.com/report"),
    ):
        app = create_app(make_settings(security_contact=contact))
        async with app.test_app(), Browser(app) as visitor:
            answer = await visitor.get("/.well-known/security.txt")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        fields = dict(each.split(": ", 1) for each in answer.text.splitlines())
        assert fields["Contact"] == line
        assert fields["Canonical"] == f"{SITE}/.well-known/security.txt"
        expires = datetime.fromisoformat(fields["Expires"])
        assert timedelta(days=90) < expires - now() < timedelta(days=365)


async def test_password_managers_find_the_form(browser: Browser, susans_browser: Browser) -> None:
    answer = await browser.get("/.well-known/change-password")
    assert (answer.status_code, answer.headers["location"]) == (302, "/auth/change-password")
    assert (await susans_browser.get("/auth/change-password")).status_code == 200
