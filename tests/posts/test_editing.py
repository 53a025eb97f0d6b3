"""Editing and deleting posts."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Act, AuditEntry, Post, User
from tests.api.support import Client, add_token
from tests.posts.test_posts import add_posts
from tests.support import Browser

MakeUser = Callable[..., Awaitable[User]]


@pytest.fixture
async def post(db: AsyncSession, susan: User) -> Post:
    """A post of Susan's with the address /post/1."""
    return (await add_posts(db, susan, 1))[0]


def version_in(page: httpx.Response) -> str:
    found = re.search(r'name="version" value="(\d+)"', page.text)
    assert found
    return found[1]


async def test_an_edited_post_shows_its_new_text_and_when_it_was_edited(
    susans_browser: Browser, browser: Browser, post: Post
) -> None:
    form = await susans_browser.get("/edit/1")
    assert "Post 1</textarea>" in form.text
    answer = await susans_browser.submit(
        "/edit/1", {"body": "Now *better*", "version": version_in(form)}
    )
    assert (answer.status_code, answer.headers["location"]) == (302, "/post/1")
    page = (await browser.get("/post/1")).text
    assert "Now <em>better</em>" in page
    assert "edited <time" in page


async def test_saving_the_same_text_leaves_no_mark(susans_browser: Browser, post: Post) -> None:
    answer = await susans_browser.submit("/edit/1", {"body": "Post 1", "version": "1"})
    assert answer.status_code == 302
    assert "edited" not in (await susans_browser.get("/post/1")).text


async def test_the_second_of_two_editors_sees_both_texts_and_can_save_knowingly(
    app: Broadside, susans_browser: Browser, make_user: MakeUser, post: Post
) -> None:
    await make_user("root", role="Administrator")
    async with Browser(app) as roots_browser:
        await roots_browser.log_in("root")
        first = {"body": "The first text", "version": "1"}
        assert (await susans_browser.submit("/edit/1", first)).status_code == 302

        conflict = await roots_browser.submit("/edit/1", {"body": "The second", "version": "1"})
        assert conflict.status_code == 409
        assert "The first text</textarea>" in conflict.text
        assert "The second</textarea>" in conflict.text
        assert "The first text" in (await susans_browser.get("/post/1")).text

        again = {"body": "The second", "version": version_in(conflict)}
        assert (await roots_browser.submit("/edit/1", again)).status_code == 302
    assert "The second" in (await susans_browser.get("/post/1")).text


async def test_of_many_edits_at_the_same_moment_one_wins_and_the_others_are_told(
    susans_browser: Browser, post: Post
) -> None:
    token = await susans_browser.token("/edit/1")
    answers = await asyncio.gather(
        *(
            susans_browser.post(
                "/edit/1", data={"csrf_token": token, "body": f"Text {n}", "version": "1"}
            )
            for n in range(8)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [302] + [409] * 7


async def test_the_same_edit_sent_twice_is_no_conflict(susans_browser: Browser, post: Post) -> None:
    edit = {"body": "Better", "version": "1"}
    assert (await susans_browser.submit("/edit/1", edit)).status_code == 302
    assert (await susans_browser.submit("/edit/1", edit)).status_code == 302


async def test_a_version_that_never_was_is_a_conflict_too(
    susans_browser: Browser, post: Post
) -> None:
    answer = await susans_browser.submit("/edit/1", {"body": "Better", "version": "99"})
    assert answer.status_code == 409
    assert "Better</textarea>" in answer.text


@pytest.mark.parametrize("address", ["/edit/1", "/delete/1"])
async def test_another_persons_post_is_left_alone(
    app: Broadside, make_user: MakeUser, post: Post, address: str
) -> None:
    await make_user("david")
    async with Browser(app) as davids_browser:
        await davids_browser.log_in("david")
        assert (await davids_browser.get(address)).status_code == 403
        edit = {"body": "Mine now", "version": "1"}
        answer = await davids_browser.submit(address, edit, page="/")
        assert answer.status_code == 403
        assert "Post 1" in (await davids_browser.get("/post/1")).text
        assert "/edit/1" not in (await davids_browser.get("/post/1")).text


async def test_actions_of_administrators_on_posts_are_audited(
    app: Broadside, make_user: MakeUser, db: AsyncSession, post: Post
) -> None:
    await make_user("root", role="Administrator")
    async with Browser(app) as roots_browser:
        await roots_browser.log_in("root")
        await roots_browser.submit("/edit/1", {"body": "Cleaned", "version": "1"})
        for reason in ("", " "):
            refused = await roots_browser.submit("/delete/1", {"reason": reason})
            assert refused.status_code == 422
            assert 'id="reason-error"' in refused.text
        await roots_browser.submit("/delete/1", {"reason": "It is an advertisement"})
        assert "The post by susan was deleted." in (await roots_browser.get("/")).text
    acts = list(await db.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))
    assert acts == [Act.EDIT_POST, Act.DELETE_POST]


async def test_the_api_writes_the_reason_of_a_deletion_down_if_it_is_given_one(
    app: Broadside, susan: User, make_user: MakeUser, db: AsyncSession
) -> None:
    await add_posts(db, susan, 3)
    root = await make_user("root", role="Administrator")
    token = await add_token(app, root)
    async with Client(app, token=token) as client:
        refused = await client.delete("/posts/1", params={"reason": "x" * 501})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "reason"
        assert (await client.delete("/posts/1", params={"reason": "Spam"})).status_code == 204
        # As programs do that were written before.
        assert (await client.delete("/posts/2")).status_code == 204
    details = list(await db.scalars(select(AuditEntry.details).order_by(AuditEntry.id)))
    assert [each.get("reason") for each in details] == ["Spam", None]


async def test_a_wrong_edit_comes_back_with_its_text(susans_browser: Browser, post: Post) -> None:
    answer = await susans_browser.submit("/edit/1", {"body": " ", "version": "1"})
    assert answer.status_code == 422
    assert "Please fill in this field" in answer.text
    answer = await susans_browser.submit("/edit/1", {"body": "x", "version": "first"})
    assert answer.status_code == 422


async def test_a_deleted_post_is_gone_after_a_question(
    susans_browser: Browser, post: Post, db: AsyncSession, susan: User
) -> None:
    question = await susans_browser.get("/delete/1")
    assert "Delete this post?" in question.text
    assert "Post 1" in (await susans_browser.get("/")).text

    answer = await susans_browser.submit("/delete/1")
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    assert "<p>Post 1</p>" not in (await susans_browser.get("/")).text
    assert (await susans_browser.get("/post/1")).status_code == 404
    count = select(User.post_count).where(User.id == susan.id)
    assert (await db.scalars(count)).one() == 0


async def test_a_post_that_is_gone_cannot_be_changed(susans_browser: Browser, post: Post) -> None:
    token = await susans_browser.token("/edit/1")
    await susans_browser.submit("/delete/1")
    data = {"csrf_token": token, "body": "Too late", "version": "1"}
    answer = await susans_browser.post("/edit/1", data=data)
    assert answer.status_code == 404
    assert "may have been deleted" in answer.text


async def test_to_delete_a_post_twice_is_a_success(susans_browser: Browser, post: Post) -> None:
    tabs = [await susans_browser.token("/delete/1") for _ in range(2)]
    for token in tabs:
        answer = await susans_browser.post("/delete/1", data={"csrf_token": token})
        assert answer.headers["location"] == "/"
    assert "This post has already been deleted." in (await susans_browser.get("/")).text
