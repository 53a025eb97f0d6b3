"""Hiding posts and showing them again."""

import asyncio

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Comment, Post, User
from tests.moderation.support import acts
from tests.support import Browser, link_in, outbox

TEXT = "<p>Post</p>"
HIDDEN_BY_MAUD = ("maud", "hide post", "susan", {"post": 1, "reason": "Spam"})


async def test_a_hidden_post_is_gone_for_everybody_but_its_author_and_moderators(
    moderators_browser: Browser,
    browser: Browser,
    susans_browser: Browser,
    davids_browser: Browser,
    db: AsyncSession,
    post: Post,
) -> None:
    answer = await moderators_browser.submit("/moderate/hide/1", {"reason": "Spam"})
    assert answer.headers["location"] == "/post/1"
    for visitor in (browser, davids_browser):
        gone = await visitor.get("/post/1")
        assert gone.status_code == 410
        assert "A moderator has hidden this post." in gone.text
        assert "Spam" not in gone.text
    for visitor in (browser, davids_browser, susans_browser):
        for address in ("/", "/user/susan"):
            assert TEXT not in (await visitor.get(address)).text
    page = await moderators_browser.get("/post/1")
    assert TEXT in page.text
    assert "hidden" in page.text
    assert TEXT in (await moderators_browser.get("/moderate/posts")).text
    assert await acts(db) == [HIDDEN_BY_MAUD]


async def test_the_author_sees_the_hidden_post_with_the_reason_and_gets_a_mail(
    app: Broadside, moderators_browser: Browser, susans_browser: Browser, post: Post
) -> None:
    await moderators_browser.submit("/moderate/hide/1", {"reason": "Too loud"})
    page = (await susans_browser.get("/post/1")).text
    assert TEXT in page
    assert "Only you and moderators can see it. You can edit it." in page
    assert "Reason: <bdi>Too loud</bdi>" in page
    profile = (await susans_browser.get("/user/susan")).text
    assert "Hidden by moderators" in profile
    assert 'href="/post/1"' in profile
    assert "Reason: <bdi>Too loud" in profile
    (mail,) = await outbox(app)
    assert (mail.purpose, mail.recipient) == ("post_hidden", "susan@example.com")
    assert "Too loud" in mail.text
    assert (await susans_browser.get(link_in(mail))).status_code == 200


async def test_the_author_edits_the_hidden_post_and_it_stays_hidden(
    moderators_browser: Browser, susans_browser: Browser, browser: Browser, post: Post
) -> None:
    await moderators_browser.submit("/moderate/hide/1", {"reason": "Too loud"})
    form = {"body": "Quieter", "version": "1", "action": "publish"}
    edited = await susans_browser.submit("/edit/1", form)
    assert edited.status_code == 302, edited.text
    assert "<p>Quieter</p>" in (await susans_browser.get("/post/1")).text
    assert "<p>Quieter</p>" in (await moderators_browser.get("/moderate/posts")).text
    assert (await browser.get("/post/1")).status_code == 410
    state = {"status": "draft"}
    refused = await susans_browser.submit("/post/1/state", state, page="/edit/1")
    assert refused.status_code == 403
    await moderators_browser.submit("/moderate/show/1", {"reason": "Fine now"})
    assert "<p>Quieter</p>" in (await browser.get("/post/1")).text
    assert "Too loud" not in (await susans_browser.get("/user/susan")).text


async def test_nobody_else_sees_on_a_profile_what_is_hidden(
    moderators_browser: Browser, browser: Browser, davids_browser: Browser, post: Post
) -> None:
    await moderators_browser.submit("/moderate/hide/1", {"reason": "Too loud"})
    for visitor in (browser, davids_browser, moderators_browser):
        page = (await visitor.get("/user/susan")).text
        assert "Hidden by moderators" not in page
        assert "Too loud" not in page


@pytest.mark.parametrize("change", [{"confirmed_at": None}, {"disabled_at": func.now()}])
async def test_an_author_who_cannot_log_in_gets_no_mail(
    app: Broadside,
    moderators_browser: Browser,
    db: AsyncSession,
    post: Post,
    change: dict[str, object],
) -> None:
    await db.execute(update(User).where(User.username == "susan").values(change))
    await db.commit()
    await moderators_browser.submit("/moderate/hide/1", {"reason": "Spam"})
    assert await outbox(app) == []


async def test_a_post_that_is_shown_again_is_as_it_was(
    moderators_browser: Browser, browser: Browser, db: AsyncSession, post: Post, susan: User
) -> None:
    count = select(User.post_count).where(User.id == susan.id)
    await moderators_browser.submit("/moderate/hide/1", {"reason": "Spam"})
    assert (await db.scalars(count)).one() == 0
    answer = await moderators_browser.submit("/moderate/show/1", {"reason": "It was a joke"})
    assert answer.headers["location"] == "/post/1"
    for address in ("/", "/post/1", "/user/susan"):
        assert TEXT in (await browser.get(address)).text
    assert TEXT not in (await moderators_browser.get("/moderate/posts")).text
    assert (await db.scalars(count)).one() == 1
    shown = ("maud", "show post", "susan", {"post": 1, "reason": "It was a joke"})
    assert await acts(db) == [HIDDEN_BY_MAUD, shown]


@pytest.mark.parametrize("action", ["hide", "show"])
async def test_nobody_but_moderators_may_do_it(
    susans_browser: Browser, davids_browser: Browser, browser: Browser, post: Post, action: str
) -> None:
    address = f"/moderate/{action}/1"
    for visitor in (susans_browser, davids_browser):
        assert (await visitor.get(address)).status_code == 403
        answer = await visitor.submit(address, {"reason": "x"}, page="/post/1")
        assert answer.status_code == 403
        assert (await visitor.get("/moderate/posts")).status_code == 403
    assert (await browser.get(address)).headers["location"].startswith("/auth/login")
    assert TEXT in (await browser.get("/post/1")).text


@pytest.mark.parametrize("action", ["hide", "show"])
async def test_a_reason_is_asked_for(
    moderators_browser: Browser, db: AsyncSession, post: Post, action: str
) -> None:
    answer = await moderators_browser.submit(f"/moderate/{action}/1", {"reason": " "})
    assert answer.status_code == 422
    assert await acts(db) == []


async def test_of_two_moderators_at_once_one_is_told_that_the_other_was_quicker(
    moderators_browser: Browser, other_moderators_browser: Browser, db: AsyncSession, post: Post
) -> None:
    both = (moderators_browser, other_moderators_browser)
    tokens = [await visitor.token("/moderate/hide/1") for visitor in both]
    forms = [{"csrf_token": token, "reason": "Spam"} for token in tokens]
    answers = await asyncio.gather(
        *(
            visitor.post("/moderate/hide/1", data=form)
            for visitor, form in zip(both, forms, strict=True)
        )
    )
    assert [answer.status_code for answer in answers] == [302, 302]
    pages = [(await visitor.get("/moderate")).text for visitor in both]
    assert sum("Someone else has already" in page for page in pages) == 1
    assert await acts(db) in (
        [HIDDEN_BY_MAUD],
        [("mona", *HIDDEN_BY_MAUD[1:])],
    )


async def test_the_comments_of_a_hidden_post_are_found_by_moderators(
    moderators_browser: Browser, browser: Browser, comment: Comment
) -> None:
    await moderators_browser.submit("/moderate/hide/1", {"reason": "Spam"})
    page = await moderators_browser.get("/comment/1", follow_redirects=True)
    assert "<p>Comment 1</p>" in page.text
    assert (await browser.get("/comment/1", follow_redirects=True)).status_code == 410


async def test_a_post_that_is_not_there_is_404(moderators_browser: Browser) -> None:
    for action in ("hide", "show"):
        assert (await moderators_browser.get(f"/moderate/{action}/7")).status_code == 404
        answer = await moderators_browser.submit(f"/moderate/{action}/7", {"reason": "x"}, page="/")
        assert answer.status_code == 404
