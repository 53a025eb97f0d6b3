"""The pages of tags, and who learns of which tag."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.text.tags import address_of_tag
from blog.core.web.app import Broadside
from blog.models import AccountDeletion, Post, PostStatus, PostTag, Tag, User
from blog.posts.counts import KEPT_COUNTS, recount, wrong_counts
from blog.posts.fields import tag_ids
from tests.api.support import Client, add_token, assert_problem
from tests.posts.test_posts import add_posts
from tests.support import Browser
from tests.test_growth import counted_blocks

MakeUser = Callable[..., Awaitable[User]]
NOTHING = {kept.name: 0 for kept in KEPT_COUNTS}


@pytest.fixture
async def writer(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """A client with Susan's token."""
    async with Client(app, token=await add_token(app, susan)) as client:
        yield client


async def write(client: Client, *tags: str, **fields: Any) -> dict[str, Any]:
    """Publish a post with these tags."""
    answer = await client.post("/posts/", json={"body": "Words", "tags": tags} | fields)
    assert answer.status_code == 201, answer.text
    post: dict[str, Any] = answer.json()
    return post


async def add_tagged(db: AsyncSession, author: User, name: str, number: int) -> list[Post]:
    """Posts with a tag, a minute apart, the last one now."""
    posts = await add_posts(db, author, number)
    (tag_id,) = await tag_ids(db, [name])
    db.add_all(PostTag(post_id=post.id, tag_id=tag_id, position=0) for post in posts)
    await db.commit()
    return posts


@pytest.mark.parametrize(
    ("tag", "address"),
    [
        ("Trams", "trams"),
        ("New  York", "new%20york"),
        ("C++", "c++"),
        ("C#", "c%23"),
        ("Why?", "why%3F"),
        ("AC/DC", "ac,dc"),
        ("//x", ",,x"),
        ("100%", "100%25"),
        ("a%2fb", "a%252fb"),
        ("..x", "..x"),
        ("a\\b", "a%5Cb"),
        ("Tür", "t%C3%BCr"),
        ("Straße", "strasse"),
        ("東京", "%E6%9D%B1%E4%BA%AC"),
        ("🚊", "%F0%9F%9A%8A"),
        ("<b>&amp;", "%3Cb%3E&amp;"),
        ("it's", "it's"),
        ("follow", "follow"),
        ("Ⅻ", "xii"),
    ],
)
async def test_every_tag_has_one_address_at_which_it_is_found(
    writer: Client, browser: Browser, tag: str, address: str
) -> None:
    await write(writer, tag)
    page = await browser.get(f"/tag/{address}")
    assert page.status_code == 200
    assert "Words" in page.text
    link = f'href="/tag/{address.replace("&", "&amp;")}"'.replace("'", "&#39;")
    for place in ("/", "/post/1", "/tags", f"/tag/{address}"):
        assert link in (await browser.get(place)).text, place
    found = (await writer.get("/tags/")).json()["tags"]
    assert [(each["name"], each["post_count"]) for each in found] == [(" ".join(tag.split()), 1)]
    assert (await writer.get(found[0]["url"])).json() == found[0]
    posts = (await writer.get(found[0]["posts_url"])).json()
    assert [post["id"] for post in posts["posts"]] == [1]
    assert (await browser.get(found[0]["html_url"])).status_code == 200


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("/tag/CamelCase", "/tag/camelcase"),
        ("/tag/%23camelcase", "/tag/camelcase"),
        ("/tag/%20camel%EF%BC%A3ase%20", "/tag/camelcase"),
        ("/tag/CAMELCASE?page=2", "/tag/camelcase?page=2"),
    ],
)
async def test_other_spellings_redirect_to_the_one_address(
    writer: Client, browser: Browser, asked: str, leads_to: str
) -> None:
    await write(writer, "CamelCase")
    answer = await browser.get(asked)
    assert (answer.status_code, answer.headers["location"]) == (301, leads_to)


async def test_a_tag_is_shown_as_the_first_person_wrote_it(
    writer: Client, browser: Browser
) -> None:
    await write(writer, "CamelCase")
    await write(writer, "CAMELCASE")
    page = (await browser.get("/tag/camelcase")).text
    assert "CAMELCASE" not in page
    assert "2 posts" in page


@pytest.mark.parametrize(
    "address",
    ["/tag/none", "/tag/a/b", "/tag/a%2Fb", "/tag/%2E%2E", "/tag/%2E%2E%2Fetc",
     "/tag/", "/tag/%20", "/tag/%23", "/tag/,",
     "/tag/%3F", "/tag/a%3F", "/tag/a%252f", "/tag/a%2f..",
     f"/tag/{'x' * 101}", f"/tag/{'%F0%9F%9A%8A' * 500}",
     "/tag/%E2%80%8B", "/tag/none?page=2", "/tag/none%0A", "/tag/'; --"],
)  # fmt: skip
async def test_an_address_that_names_no_tag_is_not_found(
    writer: Client, browser: Browser, address: str
) -> None:
    await write(writer, "a")
    assert (await browser.get(address)).status_code == 404
    there = address.replace("/tag/", "/tags/").replace("?page=2", "")
    if there != "/tags/":
        assert_problem(await writer.get(there), 404)


async def test_a_tag_without_public_posts_is_not_there(
    app: Broadside, writer: Client, browser: Browser, db: AsyncSession
) -> None:
    await write(writer, "secret", status="draft")
    await write(writer, "secret", status="scheduled", scheduled_for="2027-01-01T10:00",
                time_zone="UTC")  # fmt: skip
    public = await write(writer, "secret")

    async def is_there() -> bool:
        pages = [(await browser.get(each)).text for each in ("/tags", "/tags?order=name")]
        listed = (await writer.get("/tags/")).json()
        assert listed["count"] == len(listed["tags"])
        found = {
            (await browser.get("/tag/secret")).status_code == 200,
            (await writer.get("/tags/secret")).status_code == 200,
            (await writer.get("/tags/secret/posts/")).status_code == 200,
            bool(listed["tags"]),
            *("secret" in page for page in pages),
        }
        assert len(found) == 1
        return found.pop()

    assert await is_there()
    assert (await writer.get("/tags/secret")).json()["post_count"] == 1
    for changes in (
        {"hidden_at": now()}, {"status": PostStatus.DRAFT},
        {"status": PostStatus.SCHEDULED, "published_at": now() + timedelta(days=1)},
    ):  # fmt: skip
        before = {"hidden_at": None, "status": PostStatus.PUBLISHED, "published_at": now()}
        for values, expected in ((changes, False), (before, True)):
            await db.execute(update(Post).where(Post.id == public["id"]).values(values))
            await db.commit()
            assert await is_there() is expected
            assert await wrong_counts(db) == NOTHING
    db.add(AccountDeletion(user_id=await db.scalar(select(Post.author_id).limit(1)) or 0))
    await db.commit()
    await assert_there_are_no_posts_to_show(browser, "/tag/secret")
    await db.execute(delete(AccountDeletion))
    await db.execute(delete(Post).where(Post.id == public["id"]))
    await db.commit()
    assert not await is_there()
    assert await wrong_counts(db) == NOTHING


async def test_the_page_of_a_tag_that_only_limited_people_use_has_no_posts(
    writer: Client, browser: Browser, db: AsyncSession, susan: User
) -> None:
    """The tag is listed until a job has counted its posts, so its address may not be gone."""
    await write(writer, "boats")
    await db.execute(update(User).where(User.id == susan.id).values(limited_at=now()))
    await db.commit()
    assert 'href="/tag/boats"' in (await browser.get("/tags")).text
    await assert_there_are_no_posts_to_show(browser, "/tag/boats")


async def assert_there_are_no_posts_to_show(browser: Browser, address: str) -> None:
    answer = await browser.get(address)
    assert answer.status_code == 200
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "No posts to show" in answer.text
    assert "Words" not in answer.text


async def test_the_posts_of_a_tag_come_newest_first_in_pages_and_by_cursor(
    browser: Browser, writer: Client, db: AsyncSession, susan: User, make_user: MakeUser
) -> None:
    await add_tagged(db, await make_user("david"), "other", 3)
    posts = await add_tagged(db, susan, "boats", 45)
    moved = posts[0]
    await db.execute(update(Post).where(Post.id == moved.id).values(published_at=now()))
    await db.commit()
    newest_first = [moved.id, *(post.id for post in reversed(posts[1:]))]
    by_cursor = await writer.all_of("/tags/boats/posts/?cursor=", "posts")
    by_number = await writer.all_of("/tags/boats/posts/?per_page=10", "posts")
    assert [post["id"] for post in by_cursor] == newest_first
    assert by_number == by_cursor
    assert (await writer.get("/tags/boats/posts/")).json()["count"] == 45
    second = (await browser.get("/tag/boats?page=2")).text
    assert "/tag/boats?page=3" in second
    assert (await browser.get("/tag/boats?page=9")).status_code == 200
    assert (await browser.get("/tag/boats?page=501")).status_code in {200, 404}
    assert (await browser.get("/tag/boats?page=x")).status_code == 404
    assert (await browser.get("/tag/boats?before=x")).status_code in {400, 404}


async def test_tags_are_listed_by_use_and_by_name(browser: Browser, writer: Client) -> None:
    for tags in (["b", "a"], ["b", "c"], ["b", "a"]):
        await write(writer, *tags)
    assert [tag["name"] for tag in (await writer.get("/tags/")).json()["tags"]] == ["b", "a", "c"]
    assert [tag["name"] for tag in await writer.all_of("/tags/?cursor=&per_page=1", "tags")] == [
        "b",
        "a",
        "c",
    ]
    for address, names in (("/tags", "bac"), ("/tags?order=name", "abc"), ("/tags?order=x", "bac")):
        page = (await browser.get(address)).text
        places = [page.index(f'href="/tag/{name}"') for name in names]
        assert places == sorted(places), address


async def test_changing_the_tags_of_a_post_changes_the_lists_at_once(
    browser: Browser, writer: Client, db: AsyncSession
) -> None:
    post = await write(writer, "old", "kept")
    await writer.patch(post["url"], json={"tags": ["kept", "new"]})
    statuses = {
        name: (await browser.get(f"/tag/{name}")).status_code for name in ("old", "kept", "new")
    }
    assert statuses == {"old": 404, "kept": 200, "new": 200}
    assert await wrong_counts(db) == NOTHING


async def test_counts_are_repaired(writer: Client, db: AsyncSession) -> None:
    await write(writer, "a", "b")
    await db.execute(update(Tag).where(Tag.name == "a").values(post_count=7))
    await db.execute(text("UPDATE tag_ranges SET visible = 5"))
    await db.commit()
    assert await recount(db) == NOTHING | {"posts of tags": 1, "tags in ranges": 1}
    assert await wrong_counts(db) == NOTHING


async def test_writers_of_the_same_tags_at_once_do_not_deadlock(
    writer: Client, db: AsyncSession
) -> None:
    """They name the tags in other orders, and publish, change and delete meanwhile."""
    posts = [await write(writer, "a", "b", "c", title=f"Post {number}") for number in range(4)]

    async def change(number: int) -> int:
        tags = [["c", "a"], ["b", "a", "c"], ["a", "d", "b"], ["d", "c"]][number % 4]
        address = posts[number % 4]["url"]
        fields: dict[str, Any] = {"tags": tags, "title": f"Post {number}"}
        if number % 3 == 0:
            fields |= {"status": "draft" if number % 2 else "published"}
        if number % 5 == 0:
            return (await writer.post("/posts/", json={"body": "x"} | fields)).status_code
        if number == 37:
            return (await writer.delete(address)).status_code
        return (await writer.patch(address, json=fields)).status_code

    statuses = await asyncio.gather(*map(change, range(40)))
    assert {*statuses} <= {200, 201, 204, 404}
    assert await wrong_counts(db) == NOTHING


async def test_a_page_of_a_tag_costs_the_same_for_three_posts_and_for_thousands(
    app: Broadside, browser: Browser, db: AsyncSession, susan: User
) -> None:
    tags = dict(zip(("common", "rare"), await tag_ids(db, ["common", "rare"]), strict=True))
    for statement in (
        "INSERT INTO posts (author_id, body, body_html, renderer_version, published_at) "
        "SELECT CAST(:susan AS bigint), 'x', 'x', 1, now() - n * interval '1 minute' "
        "FROM generate_series(1, 6000) AS n",
        "INSERT INTO post_tags (post_id, tag_id, position) SELECT id, CASE WHEN id % 2000 = 0 "
        "THEN CAST(:rare AS bigint) ELSE CAST(:common AS bigint) END, 0 FROM posts",
    ):
        wanted = {"susan": susan.id, **tags}
        values = {name: value for name, value in wanted.items() if f":{name}" in statement}
        await db.execute(text(statement), values)
    await db.commit()
    await db.execute(text("ANALYZE"))
    for address in ("/tag/rare", "/tag/common"):
        with counted_blocks(app) as counted:
            assert (await browser.get(address)).status_code == 200
        assert max(counted.values()) < 600, address


def test_addresses_of_tags_are_unique_and_safe() -> None:
    for tag in ("a/b", "a?b", "a#b", "a b", "..a", "%2f"):
        address = quote(address_of_tag(tag))
        assert not {*"/?# "} & {*address}
