"""Liking and bookmarking posts where they are listed, and hiding how many like them."""

import re

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Bookmark, Post, PostLike, PostTag, User
from blog.posts.fields import tag_ids
from tests.api.support import Client
from tests.posts.test_posts import add_posts
from tests.support import Browser


@pytest.fixture
async def post(db: AsyncSession, susan: User) -> Post:
    """A post of Susan's with a tag, which she likes and has bookmarked."""
    (post,) = await add_posts(db, susan, 1)
    post.title = "Trams"
    (tag,) = await tag_ids(db, ["boats"])
    db.add(PostTag(post_id=post.id, tag_id=tag, position=0))
    db.add(PostLike(post_id=post.id, user_id=susan.id))
    db.add(Bookmark(post_id=post.id, user_id=susan.id))
    await db.commit()
    return post


def lists_with(post: Post) -> list[str]:
    """The pages that list the post."""
    published = post.published_at
    assert published
    return [
        "/", "/user/susan", "/tag/boats", "/explore?order=newest", "/search?q=trams", "/bookmarks",
        f"/archive/{published.year}/{published.month}",
    ]  # fmt: skip


async def test_each_list_shows_what_a_viewer_did_and_leads_back_to_its_place(
    browser: Browser, susans_browser: Browser, post: Post
) -> None:
    for address in lists_with(post):
        for undo, do in (("unlike", "like"), ("unbookmark", "bookmark")):
            for action in (undo, do):
                if address == "/bookmarks" and action == "bookmark":
                    # It is not in the list any more.
                    await susans_browser.submit(f"/post/{post.id}/bookmark", page="/")
                    continue
                page = (await susans_browser.get(address)).text
                assert f'formaction="/post/{post.id}/{action}"' in page, (address, action)
                following = re.search(r'name="next" value="([^"]+)"', page)
                assert following, address
                assert following[1] == address
                answer = await susans_browser.submit(
                    f"/post/{post.id}/{action}", {"next": address}, page=address
                )
                assert answer.headers["location"] == f"{address}#react-{post.id}"
        if address != "/bookmarks":
            page = (await browser.get(address)).text
            assert "formaction" not in page
            assert "1 like" in page or address.startswith("/search")


async def test_no_other_site_is_led_to(susans_browser: Browser, post: Post) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = await susans_browser.submit(f"/post/{post.id}/like", {"next": elsewhere}, page="/")
        assert answer.headers["location"].startswith(f"/post/{post.id}")


async def test_the_script_gets_the_buttons_as_they_are_now(
    susans_browser: Browser, db: AsyncSession, post: Post
) -> None:
    token = await susans_browser.token("/")
    answer = await susans_browser.post(
        f"/post/{post.id}/unlike",
        data={"csrf_token": token, "next": "/"},
        headers={"Accept": "application/json"},
    )
    html = answer.json()["html"]
    assert f'formaction="/post/{post.id}/like" aria-pressed="false"' in html
    assert f'formaction="/post/{post.id}/unbookmark" aria-pressed="true"' in html
    assert "Like Trams</span>" in html
    assert (await db.scalars(select(PostLike))).all() == []


async def test_who_hides_like_counts_sees_none_and_can_like(
    app: Broadside, browser: Browser, susans_browser: Browser, post: Post
) -> None:
    choice = {"theme": "system", "hides_like_counts": "true"}
    await susans_browser.submit("/appearance", choice)
    assert (
        'name="hides_like_counts" value="true" aria-describedby="likes-hint" checked'
        in (await susans_browser.get("/appearance")).text
    )
    for address in (*lists_with(post), f"/post/{post.id}", f"/post/{post.id}/likes"):
        assert "1 like" not in (page := (await susans_browser.get(address)).text), address
        assert f"/post/{post.id}/unlike" in page or address.endswith("likes")
    assert "1 like" in (await browser.get("/")).text
    async with Client(app) as client:
        assert (await client.get(f"/posts/{post.id}")).json()["like_count"] == 1
    choice["hides_like_counts"] = "false"
    await susans_browser.submit("/appearance", choice)
    assert "1 like" in (await susans_browser.get("/")).text


async def test_a_list_that_is_shown_again_finds_all_its_fragments_in_the_cache(
    app: Broadside, susans_browser: Browser, post: Post
) -> None:
    for address in lists_with(post):
        shown = [await susans_browser.get(address)]
        bytes_cached = app.fragments.bytes
        shown.append(await susans_browser.get(address))
        assert {page.status_code for page in shown} == {200}
        assert app.fragments.bytes == bytes_cached, address
