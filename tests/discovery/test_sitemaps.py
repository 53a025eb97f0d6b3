"""Sitemaps: whose pages search engines are told of."""

from datetime import timedelta
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.discovery import queries
from blog.models import Post, PostStatus, Tag, User
from tests.api.support import Client, add_token
from tests.posts.test_posts import add_posts
from tests.support import Browser, add_user
from tests.xmllint import xmllint

SITE = "https://blog.test"
SCHEMA = Path(__file__).with_name("sitemap.xsd")
NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
HOME = f"{SITE}/"


def entries(answer: httpx.Response) -> dict[str, str | None]:
    """The addresses in a valid file, with the times of their last changes."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    xmllint(answer.content, "--schema", SCHEMA)
    return {
        str(entry.findtext(f"{NAMESPACE}loc")): entry.findtext(f"{NAMESPACE}lastmod")
        for entry in ElementTree.fromstring(answer.content)
    }


async def indexed(browser: Browser) -> dict[str, str | None]:
    """All that the site tells search engines of, without the home page."""
    found: dict[str, str | None] = {}
    for address in entries(await browser.get("/sitemap.xml")):
        found |= entries(await browser.get(address))
    assert found.pop(HOME, None) is None
    return found


async def test_it_has_posts_and_people_with_posts(
    browser: Browser, app: Broadside, db: AsyncSession, susan: User
) -> None:
    await add_user(app, "reader")
    post, edited = await add_posts(db, susan, 2)
    edited.slug, edited.title = "a-slug", "A title"
    edited.edited_at = now() + timedelta(hours=1)
    await db.commit()
    assert await indexed(browser) == {
        f"{SITE}/post/{post.id}": post.published_at.isoformat(timespec="seconds"),  # type: ignore[union-attr]
        f"{SITE}/post/{edited.id}/a-slug": edited.edited_at.isoformat(timespec="seconds"),
        f"{SITE}/user/susan": None,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"status": PostStatus.DRAFT, "published_at": None},
        {"status": PostStatus.SCHEDULED, "published_at": now() + timedelta(days=1)},
        {"hidden_at": now(), "hidden_reason": "Rude"},
    ],
    ids=["draft", "scheduled", "hidden"],
)
async def test_it_has_only_what_everybody_may_read(
    browser: Browser, db: AsyncSession, susan: User, change: dict[str, object]
) -> None:
    await add_posts(db, susan, 1)
    await db.execute(update(Post).values(change))
    await db.commit()
    assert await indexed(browser) == {}


async def test_it_leaves_out_those_who_wish_not_to_be_found(
    susans_browser: Browser, browser: Browser, db: AsyncSession, susan: User
) -> None:
    (post,) = await add_posts(db, susan, 1)
    pages = ("/user/susan", f"/post/{post.id}", "/user/susan/feed.atom")
    for page in pages[:2]:
        assert "x-robots-tag" not in (await browser.get(page)).headers
    answer = await susans_browser.submit("/edit-profile", {"noindex": "true"})
    assert answer.status_code == 302
    assert await indexed(browser) == {}
    for page in pages:
        assert (await browser.get(page)).headers["x-robots-tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in (await browser.get(pages[0])).text
    form = (await susans_browser.get("/edit-profile")).text
    assert 'id="noindex" name="noindex" type="checkbox" value="true" checked' in " ".join(
        form.split()
    )
    await susans_browser.submit("/edit-profile", {"noindex": "false"})
    assert len(await indexed(browser)) == 2


async def test_it_has_the_tags_of_public_posts(
    app: Broadside, browser: Browser, db: AsyncSession, susan: User
) -> None:
    names = ["C++", "public transport", "Tür", "R&D", "a.b", "🚋", "日本", "50%", "it's"]
    async with Client(app, token=await add_token(app, susan)) as client:
        await client.post("/posts/", json={"body": "x", "tags": names})
        await client.post("/posts/", json={"body": "x", "tags": ["secret"], "status": "draft"})
        await client.post("/posts/", json={"body": "x", "tags": ["blocked"]})
    await db.execute(update(Tag).where(Tag.name == "blocked").values(blocked_at=now()))
    await db.commit()
    found = [address for address in await indexed(browser) if "/tag/" in address]
    assert len(found) == len(names)
    for address in found:
        page = await browser.get(address)
        assert page.status_code == 200, address
        assert f'rel="canonical" href="{address}"' in unescape(page.text)


async def test_a_file_has_the_posts_of_a_range_of_ids_and_the_index_when_they_changed_last(
    browser: Browser, db: AsyncSession, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("queries", "sitemaps"):
        monkeypatch.setattr(f"blog.discovery.{module}.FILE", 30)
    posts = await add_posts(db, susan, 65)
    posts[31].edited_at = edited_at = now() + timedelta(hours=1)
    posts[40].hidden_at, posts[40].edited_at = now(), now() + timedelta(hours=2)
    posts[64].status, posts[64].edited_at = PostStatus.DRAFT, now()
    await db.commit()
    index = entries(await browser.get("/sitemap.xml"))
    files = list(index)
    assert files == [
        *(f"{SITE}/sitemap/posts-{number}.xml" for number in (1, 2, 3)),
        f"{SITE}/sitemap/people-1.xml",
        f"{SITE}/sitemap/tags-1.xml",
    ]
    found = [entries(await browser.get(file)).keys() - {HOME} for file in files[:3]]
    assert [len(file) for file in found] == [30, 29, 4]
    public = [post for post in posts if post not in {posts[40], posts[64]}]
    assert set().union(*found) == {f"{SITE}/post/{post.id}" for post in public}
    times = [
        max(post.published_at for post in posts[:30] if post.published_at), edited_at,
        max(post.published_at for post in posts[60:64] if post.published_at), None, None,
    ]  # fmt: skip
    assert list(index.values()) == [each and each.isoformat(timespec="seconds") for each in times]
    for missing in ("/sitemap/posts-4.xml", "/sitemap/people-2.xml", "/sitemap/pages-1.xml",
                    "/sitemap/posts-0.xml", "/sitemap/posts-99999999999999999999.xml"):  # fmt: skip
        assert (await browser.get(missing)).status_code == 404


async def test_a_long_file_is_read_in_chunks(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    number = 2 * queries.ROWS_AT_ONCE + 1
    values = {"author_id": susan.id, "body": "x", "body_html": "x", "renderer_version": 1}
    await db.execute(insert(Post), [values] * number)
    await db.commit()
    assert len(entries(await browser.get("/sitemap/posts-1.xml"))) == number + 1
