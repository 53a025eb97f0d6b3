"""Feeds of the site, of people, of tags and of comments."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.feeds.responses import FEED_SIZE
from blog.models import Post, PostTag, Tag, User
from blog.posts.listed import TEXT_BYTES
from settings import Settings
from tests.api.support import Client
from tests.comments.support import add_comments
from tests.feeds.support import ATOM, valid_atom, valid_json_feed
from tests.media.corpus import encoded, picture
from tests.media.support import uploaded
from tests.posts.test_posts import add_posts
from tests.support import Browser

SITE = "https://blog.test"


async def made(writer: Client, **fields: Any) -> dict[str, Any]:
    answer = await writer.post("/posts/", json={"body": "x"} | fields)
    assert answer.status_code == 201, answer.text
    post: dict[str, Any] = answer.json()
    return post


async def items(browser: Browser, address: str) -> list[dict[str, Any]]:
    answer = await browser.get(address)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = valid_json_feed(answer.content)["items"]
    return found


async def test_an_entry_has_all_that_is_known_of_a_post(
    app: Broadside, writer: Client, browser: Browser
) -> None:
    image = await uploaded(app, writer, encoded(picture(1200, 600), "PNG"), alt="A tram")
    cover = await uploaded(app, writer, encoded(picture(600, 600), "PNG"))
    shown = image["image_url"].removesuffix("-1200.webp")
    body = (
        f"{image['markdown']}\n\n[Home](/) [again](#there) "
        "[mail](mailto:a@b.example) [away](https://elsewhere.example/a?b&c)\n\n"
        "A note.[^1]\n\n[^1]: Below."
    )
    post = await made(
        writer, title="The <tram> & I", body=body, tags=["C++", "Straßenbahn"], language="pt-BR",
        excerpt="About waiting.", cover=cover["id"], canonical_url="https://elsewhere.example/x",
    )  # fmt: skip
    page = post["html_url"]
    answer = await browser.get("/feed.atom")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    entry = valid_atom(answer.content).find(f"{ATOM}entry")
    assert entry is not None
    texts = {child.tag.removeprefix(ATOM): child.text for child in entry}
    assert texts["title"] == "The <tram> & I"
    assert texts["summary"] == "About waiting."
    assert texts["published"] == texts["updated"]
    assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") == "pt-BR"
    assert [each.get("term") for each in entry.iter(f"{ATOM}category")] == ["C++", "Straßenbahn"]
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "susan"
    html = texts["content"] or ""
    assert f'href="{SITE}/"' in html
    assert f'href="{page}#there"' in html
    assert 'href="mailto:a@b.example"' in html
    assert 'href="https://elsewhere.example/a?b&amp;c"' in html
    assert f'src="{image["image_url"]}"' in html
    assert f"{shown}-480.webp 480w, {shown}-960.webp 960w" in html
    assert 'href="/' not in html
    assert 'href="#' not in html
    links = {(each.get("rel"), each.get("href")): each for each in entry.iter(f"{ATOM}link")}
    assert ("alternate", page) in links
    assert ("canonical", "https://elsewhere.example/x") in links
    enclosures = [address for rel, address in links if rel == "enclosure"]
    assert enclosures == [cover["image_url"], image["image_url"]]
    for address in enclosures:
        enclosure, file = links["enclosure", address], await browser.get(str(address))
        assert enclosure.get("type") == file.headers["content-type"]
        assert enclosure.get("length") == file.headers["content-length"]

    (item,) = await items(browser, "/feed.json")
    assert item["id"] == texts["id"]
    assert item["url"] == page
    assert item["content_html"] == html
    assert item["tags"] == ["C++", "Straßenbahn"]
    assert item["image"] == enclosures[0]
    assert item["language"] == "pt-BR"
    assert [each["url"] for each in item["attachments"]] == enclosures
    assert all(each["size_in_bytes"] for each in item["attachments"])


HOSTILE = [
    "]]>", "<![CDATA[x]]>", "<script>alert(1)</script>", "&amp;&lt;", "&#0;&#x1f;&bogus;", "'\"`",
    "\u0001\u0008\u000b\u000c\u001f", "\ufffe\uffff", "\U0001fffe", "\u202eabc", "\u0085\u2028",
    "e\u0301" * 200, "👩‍👩‍👧‍👦" * 40, "🇩🇪" * 99, "한" * 90, "<!--", "-->", "<?xml?>",
    "%s {0} {{ x }}", "\ud7ff\ue000", "שלום \u200f(x)", "a" * 200, "\\u0000",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_title_and_no_text_breaks_a_feed(
    writer: Client, browser: Browser, db: AsyncSession, susan: User, text: str
) -> None:
    name = text.replace("\ufffe", "").strip()[:60]
    sent = await writer.post(
        "/posts/", json={"body": f"{text}\n\n`{text}`\n\n[{text}](/{text})", "title": text[:200]}
    )
    assert sent.status_code in {201, 422}, sent.text
    # As it may be in rows that are older than what is refused now.
    stored = text.replace("\0", "")
    values = {"title": stored[:200], "body_html": f"<p>{stored.replace('<', '&lt;')}</p>"}
    post = Post(author_id=susan.id, body=f"boat {stored}", renderer_version=1, **values)
    db.add(post)
    db.add(Post(author_id=susan.id, body="x", renderer_version=1, body_html=values["body_html"]))
    await db.flush()
    tags = [Tag(name="boats", folded="boats"), Tag(name=stored[:50], folded="hostile")]
    db.add_all(tags)
    await db.flush()
    for position, tag in enumerate(tags):
        db.add(PostTag(post_id=post.id, tag_id=tag.id, position=position))
    (comment,) = await add_comments(db, post, susan.id, 1)
    comment.body, comment.body_html = stored, values["body_html"]
    await db.execute(update(User).values(name=name, about_me=stored))
    await db.commit()
    question = f"boat or {text}"
    for address, q in (
        ("/feed", ""), ("/user/susan/feed", ""), (f"/post/{post.id}/comments/feed", ""),
        ("/tag/boats/feed", ""), ("/search/feed", "boat"), ("/search/feed", question),
    ):  # fmt: skip
        params = {"q": q} if q else None
        root = valid_atom((await browser.get(f"{address}.atom", params=params)).content)
        feed = valid_json_feed((await browser.get(f"{address}.json", params=params)).content)
        assert len(feed["items"]) == len(root.findall(f"{ATOM}entry"))
        assert feed["items"] or q == question, address


async def test_the_ids_of_entries_and_feeds_survive_new_titles_slugs_and_addresses(
    app: Broadside, writer: Client, browser: Browser, make_settings: Callable[..., Settings]
) -> None:
    post = await made(writer, title="Before")
    await made(writer)

    async def ids(visitor: Browser) -> list[list[str | None]]:
        found = []
        for address in ("/feed.atom", "/user/susan/feed.atom"):
            root = valid_atom((await visitor.get(address)).content)
            found.append([each.text for each in root.iter(f"{ATOM}id")])
        return found

    before = await ids(browser)
    assert all(each and each.startswith("urn:uuid:") for each in before[0])
    assert before[0][1:] == before[1][1:]
    assert before[0][0] != before[1][0]
    changed = await writer.patch(post["url"], json={"title": "After", "slug": "elsewhere"})
    assert changed.status_code == 200
    moved = create_app(make_settings(base_url="https://moved.example", site_name="Moved"))
    async with moved.test_app(), Browser(moved) as visitor:
        visitor.base_url = "https://moved.example"  # type: ignore[assignment]
        assert await ids(visitor) == before
        assert "https://blog.test" not in (await visitor.get("/feed.atom")).text


async def test_an_entry_is_updated_by_an_edit_and_by_nothing_else(
    writer: Client, browser: Browser, db: AsyncSession, susan: User
) -> None:
    post = await made(writer)
    before = await browser.get("/feed.atom")
    await add_comments(db, await db.get_one(Post, post["id"]), susan.id, 2)
    await writer.patch(post["url"], json={"pinned": True})
    assert (await browser.get("/feed.atom")).headers["etag"] == before.headers["etag"]
    await writer.patch(post["url"], json={"body": "Better"})
    (item,) = await items(browser, "/feed.json")
    edited = (await writer.get(post["url"])).json()["edited_at"]
    assert item["date_modified"] == edited[:19] + "Z"
    assert item["date_published"] == post["published_at"][:19] + "Z"


@pytest.mark.parametrize("form", ["atom", "json"])
async def test_an_unchanged_feed_is_304(
    browser: Browser, db: AsyncSession, susan: User, form: str
) -> None:
    await add_posts(db, susan, 1)
    address = f"/feed.{form}"
    await db.execute(update(Post).values(published_at=now() - timedelta(hours=1)))
    await db.commit()
    first = await browser.get(address)
    for name, value in (
        ("If-None-Match", first.headers["etag"]),
        ("If-Modified-Since", first.headers["last-modified"]),
    ):
        again = await browser.get(address, headers={name: value})
        assert (again.status_code, again.content) == (304, b"")
    await add_posts(db, susan, 1)
    for name, value in (
        ("If-None-Match", first.headers["etag"]),
        ("If-Modified-Since", first.headers["last-modified"]),
    ):
        answer = await browser.get(address, headers={name: value})
        assert answer.status_code == 200
        # Another one with the same time may be published yet.
        assert "last-modified" not in answer.headers
    assert "set-cookie" not in first.headers
    assert first.headers["cache-control"] == "public, no-cache"


@pytest.mark.parametrize("address", ["/feed", "/user/susan/feed"])
async def test_the_pages_of_a_feed_lead_to_every_post_once(
    browser: Browser, db: AsyncSession, susan: User, address: str
) -> None:
    await add_posts(db, susan, 2 * FEED_SIZE + 1)
    wanted: str | None = f"{address}.atom"
    seen: list[str | None] = []
    while wanted:
        root = valid_atom((await browser.get(wanted)).content)
        links = {each.get("rel"): each.get("href") for each in root.findall(f"{ATOM}link")}
        assert links["self"] == f"{SITE}{wanted}".replace(f"{SITE}{SITE}", SITE)
        assert links["first"] == f"{SITE}{address}.atom"
        seen += [each.text for each in root.iterfind(f"{ATOM}entry/{ATOM}content")]
        wanted = links.get("next")
    assert seen == [f"<p>Post {number}</p>" for number in range(2 * FEED_SIZE + 1, 0, -1)]
    feed = valid_json_feed((await browser.get(f"{address}.json")).content)
    assert len(feed["items"]) == FEED_SIZE
    assert feed["next_url"].startswith(f"{SITE}{address}.json?before=")


async def test_a_feed_of_long_posts_is_bounded_and_leads_to_the_others(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    html = f"<p>{'x' * 60_000}</p>"
    db.add_all(
        Post(author_id=susan.id, body="x" * 60_000, body_html=html, renderer_version=1)
        for _ in range(FEED_SIZE)
    )
    await db.commit()
    wanted, number = "/feed.json", 0
    while wanted:
        answer = await browser.get(wanted)
        assert len(answer.content) < TEXT_BYTES
        feed = valid_json_feed(answer.content)
        number, wanted = number + len(feed["items"]), feed.get("next_url")
    assert number == FEED_SIZE


async def test_the_feed_of_comments_has_what_everybody_may_read(
    susans_browser: Browser, db: AsyncSession, susan: User
) -> None:
    (post,) = await add_posts(db, susan, 1)
    comments = await add_comments(db, post, susan.id, 3)
    comments[1].disabled_at, comments[1].disabled_reason = now(), "Rude"
    await db.commit()
    root = valid_atom((await susans_browser.get(f"/post/{post.id}/comments/feed.atom")).content)
    entries = root.findall(f"{ATOM}entry")
    assert [each.findtext(f"{ATOM}content") for each in entries] == [
        "<p>Comment 3</p>", "<p>Comment 1</p>",
    ]  # fmt: skip
    reply = entries[0].find("{http://purl.org/syndication/thread/1.0}in-reply-to")
    site = valid_atom((await susans_browser.get("/feed.atom")).content)
    assert reply is not None
    assert reply.get("ref") == site.findtext(f"{ATOM}entry/{ATOM}id")
    shown = await susans_browser.get(str(entries[0].find(f"{ATOM}link").get("href")))  # type: ignore[union-attr]
    assert shown.status_code == 302


async def test_the_feed_of_a_tag_has_its_posts(writer: Client, browser: Browser) -> None:
    await made(writer, tags=["C++"])
    await made(writer, tags=["boats"])
    tagged = await made(writer, tags=["c++", "boats"])
    html = (await browser.get("/tag/c%2B%2B")).text
    found = re.search(r'type="application/atom\+xml" title="#C\+\+" href="([^"]+)"', html)
    assert found
    root = valid_atom((await browser.get(found[1])).content)
    assert root.findtext(f"{ATOM}title") == "#C++ · Broadside"
    json = found[1].replace(".atom", ".json")
    assert f'type="application/feed+json" title="#C++" href="{json}"' in html
    entries = await items(browser, json)
    assert entries[0]["url"] == tagged["html_url"]
    assert len(entries) == 2
    assert entries[0] == (await items(browser, "/feed.json"))[0]
    other = await browser.get("/tag/BOATS/feed.atom?before=x")
    assert (other.status_code, other.headers["location"]) == (301, "/tag/boats/feed.atom?before=x")


async def test_the_feed_of_a_search_has_what_it_finds(writer: Client, browser: Browser) -> None:
    found = await made(writer, title="About trams", body="They never come.")
    await made(writer, body="About boats")
    draft = await made(writer, body="A draft about trams", status="draft")
    html = (await browser.get("/search?q=trams")).text
    way = re.search(r'type="application/atom\+xml" title="trams" href="([^"]+)"', html)
    assert way
    root = valid_atom((await browser.get(way[1])).content)
    assert root.findtext(f"{ATOM}title") == "trams · Broadside"
    assert [each.get("href") for each in root.findall(f"{ATOM}link[@rel='self']")] == [
        f"{SITE}/search/feed.atom?q=trams"
    ]
    (entry,) = await items(browser, "/search/feed.json?q=trams")
    assert entry["url"] == found["html_url"]
    assert draft["body"] not in (await browser.get(way[1])).text


@pytest.mark.parametrize(
    "text", ["x" * 10_000, ":*", '"', "'; --", "\ufffe", "-", "👩‍👩‍👧‍👦", "author:"]
)
async def test_any_search_has_a_valid_feed_or_none(browser: Browser, text: str) -> None:
    answer = await browser.get("/search/feed.atom", params={"q": text})
    assert answer.status_code in {200, 404}
    if answer.status_code == 200:
        valid_atom(answer.content)


async def test_a_person_has_one_address(browser: Browser, susan: User) -> None:
    answer = await browser.get("/user/SUSAN/feed.atom?before=x")
    assert (answer.status_code, answer.headers["location"]) == (
        301, "/user/susan/feed.atom?before=x",
    )  # fmt: skip


@pytest.mark.parametrize(
    "address",
    [
        "/user/nobody/feed.atom", "/post/1/comments/feed.json", "/feed.rss", "/feed.atom?before=x",
        "/feed.json?before=" + "x" * 10_000, "/user/susan/feed.json?before=W10",
        "/user/%2e%2e/feed.atom", "/tag/none/feed.atom", "/search/feed.atom",
        "/search/feed.json?q=%20",
        "/tag/a%2fb/feed.json",
        "/post/99999999999999999999/comments/feed.atom",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_404(browser: Browser, susan: User, address: str) -> None:
    assert (await browser.get(address)).status_code == 404


async def test_an_empty_feed_is_valid(browser: Browser, susan: User) -> None:
    for address in ("/feed", "/user/susan/feed"):
        root = valid_atom((await browser.get(f"{address}.atom")).content)
        assert root.find(f"{ATOM}entry") is None
        assert valid_json_feed((await browser.get(f"{address}.json")).content)["items"] == []


async def test_pages_lead_to_their_feeds(browser: Browser, db: AsyncSession, susan: User) -> None:
    (post,) = await add_posts(db, susan, 1)
    for page, address in (
        ("/", "/feed"), ("/user/susan", "/user/susan/feed"),
        (f"/post/{post.id}", "/user/susan/feed"),
        (f"/post/{post.id}", f"/post/{post.id}/comments/feed"),
        ("/search?q=post", "/search/feed"),
    ):  # fmt: skip
        head = (await browser.get(page)).text.partition("</head>")[0]
        for form, media_type in (("atom", r"atom\+xml"), ("json", r"feed\+json")):
            link = rf'type="application/{media_type}" .* href="({address}\.{form}[^"]*)"'
            feed = re.search(link, head)
            assert feed, (page, address, form)
            assert (await browser.get(feed[1])).status_code == 200
