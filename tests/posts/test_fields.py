"""Titles, slugs, tags, languages and the other fields of posts, by API and pages."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Post, PostTag, Tag, User
from blog.posts.counts import KEPT_COUNTS, wrong_counts
from blog.transfer.exporting.sections import sections
from tests.api.support import Client, add_token, assert_problem
from tests.support import Browser

MakeUser = Callable[..., Awaitable[User]]
ARTICLE = {
    "title": "The tram that never comes",
    "body": "First *paragraph*.\n\n" + "Second paragraph. " * 300,
    "tags": ["#Trams", "public  transport"],
    "language": "PT-br",
    "excerpt": "About waiting.",
    "canonical_url": "https://elsewhere.example/tram",
    "comments_open": False,
}


@pytest.fixture
async def writer(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """A client with Susan's token."""
    async with Client(app, token=await add_token(app, susan)) as client:
        yield client


async def made(client: Client, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/posts/", json={"body": "x"} | fields)
    assert answer.status_code == 201, answer.text
    post: dict[str, Any] = answer.json()
    return post


async def changed(client: Client, post: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = await client.patch(post["url"], json=fields)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    assert (await client.get(post["url"])).json() == changed
    return changed


async def test_an_article_is_published_with_all_its_fields(
    writer: Client, db: AsyncSession
) -> None:
    post = await made(writer, **ARTICLE)
    assert (await writer.get(post["url"])).json() == post
    assert (await writer.get("/posts/")).json()["posts"] == [post]
    assert (
        post
        | {
            "html_url": "https://blog.test/post/1/the-tram-that-never-comes",
            "title": "The tram that never comes",
            "slug": "the-tram-that-never-comes",
            "tags": ["Trams", "public transport"],
            "language": "pt-BR",
            "excerpt": "About waiting.",
            "canonical_url": "https://elsewhere.example/tram",
            "comments_open": False,
            "word_count": 602,
            "reading_minutes": 3,
        }
        == post
    )
    some = await writer.get("/posts/?fields=title,tags,reading_minutes")
    assert some.json()["posts"] == [
        {name: post[name] for name in ("title", "tags", "reading_minutes")}
    ]
    assert await wrong_counts(db) == {kept.name: 0 for kept in KEPT_COUNTS}


async def test_a_text_alone_makes_a_note(writer: Client) -> None:
    note = await made(writer)
    fields = ("title", "slug", "tags", "language", "excerpt", "canonical_url", "comments_open")
    assert [note[name] for name in fields] == [None, None, [], None, None, None, True]
    assert (note["html_url"], note["word_count"]) == ("https://blog.test/post/1", 1)


async def test_a_text_that_is_replaced_keeps_its_title(writer: Client) -> None:
    """As by the clients of Flasky, which know of no title."""
    post = await made(writer, **ARTICLE)
    answer = await writer.put(post["url"], json={"body": "Other words."})
    other = {"body": "Other words.", "body_html": "<p>Other words.</p>", "word_count": 2}
    assert answer.json() == post | other | {
        "reading_minutes": 1, "edited_at": answer.json()["edited_at"], "revision": 2,
    }  # fmt: skip


async def test_an_edit_changes_what_is_sent_and_null_takes_it_away(writer: Client) -> None:
    post = await made(writer, **ARTICLE)
    post = await changed(writer, post, tags=["b", "trams", "a"], comments_open=True)
    # It is spelled as it was at first.
    assert (post["tags"], post["comments_open"]) == (["b", "Trams", "a"], True)
    assert post["edited_at"] is None
    again = await writer.patch(post["url"], json={"tags": ["B", "TRAMS", "A"]})
    assert again.json() == post
    gone = {"language": None, "excerpt": None, "canonical_url": None, "tags": [], "title": None}
    post = await changed(writer, post, **gone)
    assert {name: post[name] for name in gone} == gone
    assert (post["slug"], post["html_url"]) == (None, "https://blog.test/post/1")
    assert post["edited_at"] is not None
    assert post["body"] == ARTICLE["body"].strip()  # type: ignore[attr-defined]


async def test_a_slug_follows_the_title_unless_it_is_ones_own(writer: Client) -> None:
    first = await made(writer, title="A tram")
    second = await made(writer, title="A tram!")
    assert (first["slug"], second["slug"]) == ("a-tram", "a-tram-2")
    second = await changed(writer, second, title="A bus")
    assert second["slug"] == "a-bus"
    second = await changed(writer, second, title="A tram")
    assert second["slug"] == "a-tram-2"
    assert (await changed(writer, second, body="y"))["slug"] == "a-tram-2"
    third = await made(writer, title="A tram 2")
    assert third["slug"] == "a-tram-2-2"
    second = await changed(writer, second, slug="Mine, only")
    assert second["slug"] == "mine-only"
    second = await changed(writer, second, title="Another title")
    assert second["slug"] == "mine-only"
    second = await changed(writer, second, slug=None)
    assert second["slug"] == "another-title"
    assert (await changed(writer, first, slug="a-tram"))["slug"] == "a-tram"


async def test_another_posts_slug_is_refused_beside_the_field(
    app: Broadside, writer: Client, susans_browser: Browser, make_user: MakeUser
) -> None:
    post = await made(writer, title="A tram")
    other = await made(writer, title="A bus")
    for answer in (
        await writer.post("/posts/", json={"body": "x", "slug": "a-tram"}),
        await writer.patch(other["url"], json={"slug": "a-tram"}),
    ):
        errors = assert_problem(answer, 422)["errors"]
        assert errors == [
            {"field": "slug",
             "message": "One of your other posts has this slug. Please choose another one."}
        ]  # fmt: skip
    form = {"body": "x", "slug": "a-tram", "version": "1"}
    for page in ("/", "/edit/2"):
        assert (await susans_browser.submit(page, form)).status_code == 422
    # Other people's posts have addresses of their own.
    david = await make_user("david")
    async with Client(app, token=await add_token(app, david)) as davids:
        assert (await made(davids, title="A tram"))["slug"] == post["slug"]


async def test_the_same_title_at_the_same_moment_makes_different_slugs(writer: Client) -> None:
    posts = await asyncio.gather(*(made(writer, title="A tram", tags=["a", "b"]) for _ in range(8)))
    expected = ["a-tram", *(f"a-tram-{number}" for number in range(2, 9))]
    assert sorted(post["slug"] for post in posts) == expected
    titles = [changed(writer, post, title="A bus", tags=["c", "b"]) for post in posts]
    slugs = sorted(post["slug"] for post in await asyncio.gather(*titles))
    assert slugs == ["a-bus", *(f"a-bus-{number}" for number in range(2, 9))]


async def test_people_who_use_new_tags_at_the_same_moment_share_them(
    app: Broadside, make_user: MakeUser, db: AsyncSession
) -> None:
    clients = [
        Client(app, token=await add_token(app, await make_user(f"person{number}")))
        for number in range(6)
    ]
    tags = [f"Tag {number}" for number in range(10)]
    orders = [tags[number:] + tags[:number] for number in range(6)]
    posts = await asyncio.gather(
        *(
            made(client, tags=[tag.upper() if number % 2 else tag for tag in order])
            for number, (client, order) in enumerate(zip(clients, orders, strict=True))
        )
    )
    for client in clients:
        await client.aclose()
    for post, order in zip(posts, orders, strict=True):
        assert [tag.title() for tag in post["tags"]] == order
    assert await db.scalar(select(func.count()).select_from(Tag)) == 10
    assert await db.scalar(select(func.count()).select_from(PostTag)) == 60


async def test_an_article_that_is_sent_twice_is_published_once(writer: Client) -> None:
    key = {"Idempotency-Key": "once"}
    body = ARTICLE | {"slug": "mine"}
    answers = await asyncio.gather(
        *(writer.post("/posts/", json=body, headers=key) for _ in range(4))
    )
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    assert (await writer.get("/posts/")).json()["count"] == 1


async def test_a_form_sent_twice_publishes_one_article(susans_browser: Browser) -> None:
    form = {"title": "A tram", "body": "x", "tags": "a, #b", "slug": "mine", "submission": "s"}
    for _ in range(2):
        assert (await susans_browser.submit("/", form)).status_code == 302
    page = (await susans_browser.get("/")).text
    assert page.count("<article") == 1
    assert "/post/1/mine" in page


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"title": "x" * 201}, "title"),
    ({"title": "x" * 10_000}, "title"),
    ({"title": 7}, "title"),
    ({"title": "\ud800"}, "title"),
    ({"title": "\ufffe"}, "title"),
    ({"slug": "2026"}, "slug"),
    ({"slug": "revisions"}, "slug"),
    ({"slug": "?"}, "slug"),
    ({"tags": [f"{number}" for number in range(1_000)]}, "tags"),
    ({"tags": ["x" * 51]}, "tags"),
    ({"tags": ["a,b"]}, "tags"),
    ({"tags": "a"}, "tags"),
    ({"tags": None}, "tags"),
    ({"tags": ["\ud800"]}, "tags"),
    ({"language": "klingon"}, "language"),
    ({"language": 1}, "language"),
    ({"excerpt": "x" * 501}, "excerpt"),
    ({"canonical_url": "javascript:alert(1)"}, "canonical_url"),
    ({"canonical_url": "//elsewhere.example/"}, "canonical_url"),
    ({"canonical_url": "https://"}, "canonical_url"),
    ({"canonical_url": "https://x.example/" + "x" * 2_000}, "canonical_url"),
    ({"comments_open": None}, "comments_open"),
    ({"comments_open": 1}, "comments_open"),
    ({"comments_open": "perhaps"}, "comments_open"),
]


@pytest.mark.parametrize(("fields", "field"), WRONG)
async def test_a_wrong_field_is_refused_with_words_and_nothing_is_kept(
    writer: Client, fields: dict[str, Any], field: str
) -> None:
    before = await made(writer)
    for method, address, body in (
        ("POST", "/posts/", {"body": "y"} | fields),
        ("PUT", before["url"], {"body": "y"} | fields),
        ("PATCH", before["url"], fields),
    ):
        answer = await writer.request(
            method, address, content=json.dumps(body), headers={"Content-Type": "application/json"}
        )
        errors = assert_problem(answer, 422)["errors"]
        assert [error["field"] for error in errors] == [field]
        assert errors[0]["message"]
    assert (await writer.get("/posts/")).json()["posts"] == [before]


@pytest.mark.parametrize("title", [" ", "", "\u200b", "\x07\t\n", "\u202e"])
async def test_an_invisible_title_is_no_title(
    writer: Client, susans_browser: Browser, title: str
) -> None:
    assert (await made(writer, title=title))["title"] is None
    await susans_browser.submit("/", {"title": title, "body": "x"})
    assert (await writer.get("/posts/2")).json()["title"] is None


async def test_a_title_is_one_line_without_control_characters(writer: Client) -> None:
    post = await made(writer, title="  A\ttram\x07\nthat\u202e  comes ")
    assert post["title"] == "A tram that comes"


async def test_what_a_post_shows_has_its_language_or_that_of_its_author(
    writer: Client, browser: Browser, db: AsyncSession
) -> None:
    await made(writer, title="שלום", language="he")
    await made(writer)
    await db.execute(update(User).values(language="fa"))
    await db.commit()
    for address in ("/", "/user/susan"):
        page = (await browser.get(address)).text
        assert '<h2 class="post-title p-name" id="post-1-title" lang="he" dir="rtl">' in page
        assert '<div class="prose e-content" lang="he" dir="rtl">' in page
        assert '<div class="prose e-content" lang="fa" dir="rtl">' in page
    assert (
        '<div class="prose e-content" lang="fa" dir="rtl">' in (await browser.get("/post/2")).text
    )
    assert [post["language"] for post in (await writer.get("/posts/")).json()["posts"]] == [
        "fa", "he",
    ]  # fmt: skip
    await db.execute(update(User).values(language=None))
    await db.commit()
    page = (await browser.get("/post/2")).text
    assert '<div class="prose e-content" dir="auto"><p>x</p></div>' in page


async def test_the_author_says_once_in_which_language_they_write(
    writer: Client, susans_browser: Browser
) -> None:
    await made(writer)
    answer = await writer.patch("/me", json={"language": "PT-br"})
    assert answer.json()["language"] == "pt-BR"
    assert (await writer.get("/posts/1")).json()["language"] == "pt-BR"
    assert (await writer.patch("/me", json={"location": "Porto"})).json()["language"] == "pt-BR"
    form = await susans_browser.get("/edit-profile")
    assert 'name="language" type="text" autocomplete="off" value="pt-BR"' in form.text
    wrong = await susans_browser.submit("/edit-profile", {"language": "klingon"})
    assert (wrong.status_code, "a language code" in wrong.text) == (422, True)
    await susans_browser.submit("/edit-profile", {"language": ""})
    assert (await writer.get("/posts/1")).json()["language"] is None


async def test_lists_show_the_title_the_excerpt_the_tags_and_the_time_it_takes_to_read(
    writer: Client, browser: Browser
) -> None:
    await made(writer, **ARTICLE)
    for address in ("/", "/user/susan"):
        page = (await browser.get(address)).text
        assert '<a href="/post/1/the-tram-that-never-comes">The tram that never comes</a>' in page
        assert "About waiting.</p>" in page
        assert "First <em>" not in page
        assert 'href="/tag/public%20transport" dir="auto">public transport</a>' in page
        assert "3 min read" in page
    page = (await browser.get("/post/1/the-tram-that-never-comes")).text
    assert page.count("<h1") == 1
    assert "<title>The tram that never comes · " in page
    assert "First <em>" in page
    assert '<meta name="description" content="About waiting.">' in page


async def test_hostile_fields_stay_texts(writer: Client, browser: Browser) -> None:
    hostile = '"><script>alert(1)</script>'
    post = await made(
        writer, title=hostile, tags=[hostile], excerpt=hostile,
        canonical_url="https://x.example/" + hostile,
    )  # fmt: skip
    for address in ("/", "/user/susan", post["html_url"]):
        assert "<script>alert" not in (await browser.get(address)).text


async def test_a_deleted_post_takes_its_tags_along(writer: Client, db: AsyncSession) -> None:
    post = await made(writer, **ARTICLE)
    assert (await writer.delete(post["url"])).status_code == 204
    assert await db.scalar(select(func.count()).select_from(PostTag)) == 0


def test_the_export_has_all_that_a_person_said_of_a_post(susan: User) -> None:
    exported = {column.key for column in sections(susan)["posts"].rows.selected_columns}
    internal = {"author_id", "body_html", "excerpt", "renderer_version", "word_count", "version",
                "submission", "preview_key", "comment_count", "like_count", "cover_id"}  # fmt: skip
    of_others = {"tags", "cover", "revised_at", "revised_by"}
    assert exported == {*Post.__table__.columns.keys(), *of_others} - internal
