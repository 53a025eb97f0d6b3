"""What pages say about themselves to other sites."""

import json
import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Post, PostStatus, User
from tests.api.support import Client, add_token
from tests.media.corpus import encoded, picture
from tests.media.support import uploaded
from tests.support import Browser

SITE = "https://blog.test"
_META = re.compile(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">')
_DATA = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)
HOSTILE = '</script><script>alert(1)</script> "x" & <!-- 👩‍👩‍👧‍👦'


async def about(browser: Browser, address: str) -> tuple[dict[str, str], dict[str, Any]]:
    """The tags of a page, and its data by their types."""
    page = (await browser.get(address)).text
    tags = {name: unescape(value) for name, value in _META.findall(page)}
    found = _DATA.search(page)
    data = json.loads(found[1]) if found else []
    assert all(each["@context"] == "https://schema.org" for each in data)
    return tags, {each["@type"]: each for each in data}


@pytest.fixture
async def post(app: Broadside, susan: User) -> dict[str, Any]:
    """An article with a cover."""
    async with Client(app, token=await add_token(app, susan)) as client:
        cover = await uploaded(app, client, encoded(picture(1200, 630), "PNG"), alt="A tram")
        answer = await client.post(
            "/posts/",
            json={"title": HOSTILE, "body": f"{HOSTILE} and more", "tags": ["trams", "rain"],
                  "language": "de", "cover": cover["id"]},
        )  # fmt: skip
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_an_article_has_a_card_and_data(
    browser: Browser, post: dict[str, Any], db: AsyncSession
) -> None:
    address = post["html_url"]
    tags, data = await about(browser, address)
    assert tags["og:type"] == "article"
    assert tags["og:title"] == HOSTILE
    assert tags["og:description"].startswith("</script><script>alert(1)</script>")
    assert tags["description"] == tags["og:description"]
    assert tags["og:url"] == address
    assert tags["article:author"] == f"{SITE}/user/susan"
    assert tags["twitter:card"] == "summary_large_image"
    image = await browser.get(tags["og:image"])
    assert image.headers["content-type"] == tags["og:image:type"]
    assert (tags["og:image:width"], tags["og:image:height"]) == ("1200", "630")
    assert tags["og:image:alt"] == "A tram"

    posting = data["BlogPosting"]
    assert posting["headline"] == HOSTILE
    assert posting["url"] == posting["mainEntityOfPage"] == address
    assert posting["author"]["name"] == "susan"
    assert posting["author"]["url"] == f"{SITE}/user/susan"
    assert posting["image"] == tags["og:image"]
    assert posting["keywords"] == ["trams", "rain"]
    assert posting["inLanguage"] == "de"
    assert posting["datePublished"][:19] == post["published_at"][:19]
    crumbs = [each["item"] for each in data["BreadcrumbList"]["itemListElement"]]
    assert crumbs == [f"{SITE}/", f"{SITE}/user/susan", address]


async def test_a_profile_and_the_home_page_have_theirs(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    await db.execute(update(User).values(name="Susan Meyer", about_me=f"I knit.\n{HOSTILE}"))
    await db.commit()
    tags, data = await about(browser, "/user/susan")
    assert (tags["og:type"], tags["og:title"]) == ("profile", "Susan Meyer")
    assert tags["og:description"] == tags["description"] == f"I knit. {HOSTILE}"
    person = data["ProfilePage"]["mainEntity"]
    assert (person["@type"], person["name"], person["alternateName"]) == (
        "Person", "Susan Meyer", "susan",
    )  # fmt: skip
    tags, data = await about(browser, "/")
    assert (tags["og:type"], tags["og:title"], tags["og:url"]) == (
        "website",
        "Broadside",
        f"{SITE}/",
    )
    assert data["WebSite"]["url"] == f"{SITE}/"


async def test_an_unpublished_post_says_nothing(
    susans_browser: Browser, post: dict[str, Any], db: AsyncSession
) -> None:
    await db.execute(update(Post).values(status=PostStatus.DRAFT))
    await db.commit()
    tags, data = await about(susans_browser, post["html_url"])
    assert not any(name.startswith(("og:", "article:")) for name in tags)
    assert data == {}


async def test_a_long_text_is_shortened_between_graphemes(
    susans_browser: Browser, browser: Browser
) -> None:
    family = "👩‍👩‍👧‍👦"
    answer = await susans_browser.submit("/", {"body": f"x{family * 40}"})
    tags, _ = await about(browser, answer.headers["location"])
    assert len(tags["description"]) <= 160
    assert set(tags["description"].removeprefix("x").removesuffix("…").split(family)) == {""}


async def test_pages_have_microformats(browser: Browser, post: dict[str, Any]) -> None:
    page = (await browser.get(post["html_url"])).text
    for name in ("h-entry", "p-name", "e-content", "dt-published", "u-url", "p-author h-card",
                 "u-photo", "p-category"):  # fmt: skip
        assert re.search(rf'class="[^"]*\b{name}\b[^"]*"', page), name
    profile = (await browser.get("/user/susan")).text
    assert re.search(r'<header class="[^"]*\bh-card\b', profile)
