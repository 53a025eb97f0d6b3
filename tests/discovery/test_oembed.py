"""Posts within the pages of other sites."""

import re
from collections.abc import Awaitable, Callable
from xml.etree import ElementTree

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.models import Post, PostStatus, User
from tests.posts.test_posts import add_posts
from tests.support import Browser

SITE = "https://blog.test"
MakePost = Callable[[], Awaitable[Post]]


@pytest.fixture
async def post(db: AsyncSession, susan: User) -> Post:
    """A post with a title that is hard to embed."""
    (post,) = await add_posts(db, susan, 1)
    post.title, post.slug = 'The "last" <tram> & I', "the-last-tram"
    await db.commit()
    return post


async def test_a_post_is_embedded_by_its_address(browser: Browser, post: Post) -> None:
    page = await browser.get(f"/post/{post.id}/{post.slug}")
    ways = re.findall(r'type="([a-z/]+)\+oembed" title="[^"]*" href="([^"]+)"', page.text)
    assert [kind for kind, _ in ways] == ["application/json", "text/xml"]
    found = {}
    for kind, address in ways:
        answer = await browser.get(address.replace("&amp;", "&"))
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
        if kind == "text/xml":
            root = ElementTree.fromstring(answer.content)
            found[kind] = {each.tag: each.text for each in root}
        else:
            found[kind] = {name: str(value) for name, value in answer.json().items()}
    assert found["text/xml"] == found["application/json"]
    embed = found["text/xml"]
    assert (embed["version"], embed["type"], embed["title"]) == ("1.0", "rich", post.title)
    assert embed["author_url"] == f"{SITE}/user/susan"
    frame = re.fullmatch(r'<iframe src="([^"]+)"[^<>]*></iframe>', embed["html"] or "")
    assert frame
    framed = await browser.get(frame[1])
    assert framed.status_code == 200
    assert "The &#34;last&#34; &lt;tram&gt; &amp; I" in framed.text
    assert "<p>Post 1</p>" in framed.text


async def test_only_the_embedded_page_may_be_framed(
    susans_browser: Browser, browser: Browser, post: Post
) -> None:
    for visitor in (browser, susans_browser):
        framed = await visitor.get(f"/embed/{post.id}")
        assert "frame-ancestors *" in framed.headers["content-security-policy"]
        assert "x-frame-options" not in framed.headers
        assert "set-cookie" not in framed.headers
        assert framed.headers["x-robots-tag"] == "noindex"
        assert "<script" not in framed.text
        assert "<form" not in framed.text
    for address in ("/", f"/post/{post.id}/{post.slug}", "/embed/4711", "/oembed"):
        answer = await browser.get(address)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"


async def test_the_page_is_the_same_for_everybody(
    susans_browser: Browser, browser: Browser, post: Post
) -> None:
    address = f"/embed/{post.id}"
    assert (await susans_browser.get(address)).text == (await browser.get(address)).text


@pytest.mark.parametrize(
    ("asked", "width", "height"),
    [("", 600, 320), ("&maxwidth=400&maxheight=200", 400, 200), ("&maxwidth=9999", 600, 320),
     ("&maxwidth=0&maxheight=1", 240, 160), ("&maxwidth=-1&maxheight=x", 600, 320),
     ("&maxwidth=" + "9" * 5000, 600, 320)],
)  # fmt: skip
async def test_it_is_as_large_as_is_asked_for(
    browser: Browser, post: Post, asked: str, width: int, height: int
) -> None:
    answer = await browser.get(f"/oembed?url={SITE}/post/{post.id}{asked}")
    assert (answer.json()["width"], answer.json()["height"]) == (width, height)


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "//", "https://[", "https://elsewhere.example/post/1", "http://blog.test/post/1",
        "https://blog.test.evil.example/post/1", "https://blog.test@evil.example/post/1",
        "https://blog.test/post/4711", "https://blog.test/user/susan", "https://blog.test/",
        "https://blog.test/post/1/revisions", "https://blog.test/edit/1", "/post/1",
        "javascript:alert(1)", "https://blog.test/post/" + "9" * 10_000, "\u0000", "https://\ud7ff",
        "https://blog.test/post/%2e%2e/1", "'; --", "x" * 10_000,
    ],
    ids=lambda url: url[:40],
)  # fmt: skip
async def test_nothing_else_can_be_embedded(browser: Browser, post: Post, url: str) -> None:
    answer = await browser.get("/oembed", params={"url": url})
    assert answer.status_code == (400 if "\0" in url else 404)


@pytest.mark.parametrize(
    "change",
    [{"status": PostStatus.DRAFT}, {"status": PostStatus.SCHEDULED}, {"hidden_at": now()}],
    ids=["draft", "scheduled", "hidden"],
)
async def test_what_not_everybody_may_read_is_not_embedded_even_for_its_author(
    susans_browser: Browser, db: AsyncSession, post: Post, change: dict[str, object]
) -> None:
    await db.execute(update(Post).values(change))
    await db.commit()
    answer = await susans_browser.get("/oembed", params={"url": f"{SITE}/post/{post.id}"})
    assert answer.status_code == 404
    assert (await susans_browser.get(f"/embed/{post.id}")).status_code in {404, 410}


async def test_an_unknown_format_is_501(browser: Browser, post: Post) -> None:
    answer = await browser.get(f"/oembed?url={SITE}/post/{post.id}&format=yaml")
    assert answer.status_code == 501
