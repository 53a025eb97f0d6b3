"""The buttons for publication, preview links and pins, and posts that take no comments."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.events import log
from blog.core.web.app import Broadside
from blog.models import Post, PostStatus, User
from tests.api.support import Client, assert_problem
from tests.posts.test_fields import made, writer
from tests.posts.test_status import in_lisbon
from tests.support import Browser, add_user

__all__ = ["writer"]

MakeUser = Callable[..., Awaitable[User]]


async def press(browser: Browser, post_id: int, **fields: str) -> httpx.Response:
    """Press a button on the page of a post, and look at what comes then."""
    page = (await browser.get(f"/post/{post_id}")).headers.get("location", f"/post/{post_id}")
    answer = await browser.submit(f"/post/{post_id}/state", fields, page=page)
    assert answer.status_code == 302, answer.text
    return await browser.get(answer.headers["location"])


def preview_in(page: httpx.Response) -> str:
    found = re.search(r'href="(/preview/[\w-]{43})"', page.text)
    assert found, page.text
    return found[1]


async def test_a_draft_is_published_and_taken_back_by_its_page(
    writer: Client, susans_browser: Browser, browser: Browser, db: AsyncSession
) -> None:
    await made(writer, title="A tram", status="draft")
    page = await susans_browser.get("/post/1/a-tram")
    assert "This is a draft." in page.text
    assert "Publish now" in page.text
    assert 'id="comments"' not in page.text
    assert (await browser.get("/post/1/a-tram")).status_code == 404
    page = await press(susans_browser, 1, status="published")
    assert "Post published." in page.text
    assert (await browser.get("/post/1/a-tram")).status_code == 200
    page = await press(susans_browser, 1, status="draft")
    assert "a draft again" in page.text
    assert "keeps that date" in page.text
    assert (await browser.get("/post/1/a-tram")).status_code == 404
    kinds = [entry.kind for entry in await log.read(db, None, 10)]
    assert kinds == ["PostPublished", "PostUnpublished"]


async def test_a_scheduled_post_tells_its_time_in_both_zones(
    writer: Client, susans_browser: Browser
) -> None:
    await made(writer, scheduled_for="2028-10-29T02:30", time_zone="Europe/Berlin")
    page = (await susans_browser.get("/post/1")).text
    assert "on 29 October 2028 at 02:30 in Europe/Berlin (00:30 UTC)." in page
    assert "the first one counts" in page
    await made(writer, scheduled_for="2028-12-29T02:30", time_zone="Europe/Berlin")
    assert "the first one counts" not in (await susans_browser.get("/post/2")).text


async def test_a_preview_link_shows_a_draft_until_it_is_revoked(
    writer: Client, susans_browser: Browser, browser: Browser
) -> None:
    await made(writer, title="A tram", body="Secret words", status="draft")
    page = "/post/1/a-tram"
    assert (await browser.get("/preview/x")).status_code == 404
    await susans_browser.submit("/post/1/preview-link", page=page)
    link = preview_in(await susans_browser.get(page))
    shown = await browser.get(link)
    assert "Secret words" in shown.text
    assert '<meta name="robots" content="noindex">' in shown.text
    assert shown.headers["x-robots-tag"] == "noindex"
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["referrer-policy"] == "same-origin"
    # It opens nothing else.
    for address in (page, "/edit/1", "/api/v1/posts/1", "/api/v1/posts/1/comments/"):
        assert "Secret words" not in (await browser.get(address)).text
    await susans_browser.submit("/post/1/preview-link", page=page)
    other = preview_in(await susans_browser.get(page))
    assert (await browser.get(link)).status_code == 404
    assert (await browser.get(other)).status_code == 200
    await susans_browser.submit("/post/1/preview-link/revoke", page=page)
    assert (await browser.get(other)).status_code == 404
    assert "preview/" not in (await susans_browser.get(page)).text


@pytest.mark.parametrize("status", ["draft", "scheduled"])
async def test_a_preview_link_leads_to_the_post_once_that_is_published(
    writer: Client, susans_browser: Browser, browser: Browser, status: str
) -> None:
    more = in_lisbon(hours=1) if status == "scheduled" else {"status": status}
    await made(writer, title="A tram", **more)
    page = "/post/1/a-tram"
    await susans_browser.submit("/post/1/preview-link", page=page)
    link = preview_in(await susans_browser.get(page))
    await press(susans_browser, 1, status="published")
    answer = await browser.get(link)
    assert (answer.status_code, answer.headers["location"]) == (302, page)
    made_later = await susans_browser.submit("/post/1/preview-link", page=page)
    assert made_later.status_code == 403
    await press(susans_browser, 1, status="draft")
    assert (await browser.get(link)).status_code == 404, "it would show later drafts"


async def test_a_hidden_post_and_a_deleted_account_end_a_preview_link(
    writer: Client, browser: Browser, db: AsyncSession
) -> None:
    await made(writer, status="draft")
    key = "k" * 43
    for hidden_at, status in ((now(), 404), (None, 200)):
        await db.execute(update(Post).values(preview_key=key, hidden_at=hidden_at))
        await db.commit()
        assert (await browser.get(f"/preview/{key}")).status_code == status


async def test_two_preview_links_made_at_once_leave_one(
    writer: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    await made(writer, status="draft")
    token = await susans_browser.token("/post/1")
    data = {"csrf_token": token}
    answers = await asyncio.gather(
        *(susans_browser.post("/post/1/preview-link", data=data) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {302}
    assert len((await db.scalar(select(Post.preview_key))) or "") == 43


async def test_nobody_else_shares_a_draft_or_changes_its_state(
    app: Broadside, writer: Client
) -> None:
    await made(writer)
    await made(writer, status="draft")
    for who, role in (("member", "User"), ("root", "Administrator")):
        await add_user(app, who, role=role)
        async with Browser(app) as browser:
            await browser.log_in(who)
            for address in ("state", "preview-link", "preview-link/revoke"):
                for post_id, status in ((1, 403), (2, 404)):
                    form = {"status": "draft", "pinned": "true"}
                    answer = await browser.submit(f"/post/{post_id}/{address}", form, page="/")
                    assert answer.status_code == status, (who, address)
            assert "Unpublish" not in (await browser.get("/post/1")).text


async def test_pinned_posts_come_first_on_the_first_page_of_a_profile(
    writer: Client, susans_browser: Browser, browser: Browser, db: AsyncSession
) -> None:
    posts = [await made(writer, title=f"Post {number:02}") for number in range(25)]
    for post_id in (1, 20):
        await press(susans_browser, post_id, pinned="true")
    first, second = [(await browser.get(f"/user/susan?page={number}")).text for number in (1, 2)]
    order = re.findall(r'<article class="post h-entry" id="post-(\d+)"', first)
    assert order == ["20", "1", *(str(n) for n in range(25, 5, -1) if n != 20)]
    assert first.count("Pinned") == 2
    assert re.findall(r'<article class="post h-entry" id="post-(\d+)"', second) == list("54321")
    # In other lists it is where it was.
    home = re.findall(
        r'<article class="post h-entry" id="post-(\d+)"', (await browser.get("/")).text
    )
    assert home == [str(n) for n in range(25, 5, -1)]
    assert "Pinned" not in (await browser.get("/")).text
    listed = (await writer.get("/users/susan/posts/?fields=id&per_page=3")).json()["posts"]
    assert [post["id"] for post in listed] == [25, 24, 23]
    await press(susans_browser, 1, status="draft")
    assert 'id="post-1"' not in (await browser.get("/user/susan")).text
    await press(susans_browser, 20, pinned="false")
    assert "Pinned" not in (await browser.get("/user/susan")).text
    assert len(posts) == 25


async def test_a_fourth_pin_is_refused_on_the_page(writer: Client, susans_browser: Browser) -> None:
    for number in range(4):
        await made(writer, pinned=number < 3)
    assert "You can pin up to 3 posts" in (await press(susans_browser, 4, pinned="true")).text


async def test_a_closed_post_takes_no_comment_and_says_so(
    writer: Client, susans_browser: Browser, browser: Browser, db: AsyncSession
) -> None:
    open_post, post = await made(writer), await made(writer)
    comments = post["comments_url"]
    assert (await writer.post(comments, json={"body": "Before"})).status_code == 201
    assert (await writer.patch(post["url"], json={"comments_open": False})).status_code == 200
    problem = assert_problem(await writer.post(comments, json={"body": "x"}), 403)
    assert problem["detail"] == "Comments on this post are closed."
    page = (await susans_browser.get("/post/2")).text
    assert "Comments on this post are closed." in page
    assert "Your comment" not in page
    assert "Before" in page
    assert "Log in</a> to comment" not in (await browser.get("/post/2")).text
    sent = await susans_browser.submit("/post/2", {"body": "x"}, page="/post/1")
    assert sent.status_code == 403
    answers = await asyncio.gather(
        *(
            writer.post(address, json={"body": "x"})
            for address in (comments, open_post["comments_url"], "/posts/99/comments/") * 3
        )
    )
    assert [answer.status_code for answer in answers] == [403, 201, 404] * 3
    assert (await writer.patch(post["url"], json={"comments_open": True})).status_code == 200
    assert (await writer.post(comments, json={"body": "x"})).status_code == 201
    await db.execute(update(Post).values(comments_open=False, status=PostStatus.DRAFT))
    await db.commit()
    assert_problem(await writer.post(comments, json={"body": "x"}), 404)
