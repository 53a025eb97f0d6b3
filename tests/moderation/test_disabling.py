"""Disabling comments and enabling them again."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Comment
from tests.moderation.support import acts
from tests.support import Browser, link_in, outbox

TEXT = "<p>Comment 1</p>"
SAYS_SO = "A moderator has disabled this comment."
BY_MAUD = ("maud", "disable comment", "david", {"post": 1, "comment": 1, "reason": "Rude"})


async def is_disabled(db: AsyncSession) -> bool:
    return (await db.scalars(select(Comment.disabled_at.is_not(None)))).one()


async def test_a_disabled_comment_says_so_to_everybody_and_shows_its_text_to_few(
    moderators_browser: Browser,
    browser: Browser,
    susans_browser: Browser,
    davids_browser: Browser,
    comment: Comment,
) -> None:
    answer = await moderators_browser.submit("/moderate/disable/1", {"reason": "Rude"})
    assert answer.headers["location"] == "/comment/1"
    for visitor in (browser, susans_browser, davids_browser, moderators_browser):
        page = (await visitor.get("/post/1")).text
        assert SAYS_SO in page
        assert (TEXT in page) == (visitor in (davids_browser, moderators_browser))
        assert ("Rude" in page) == (visitor in (davids_browser, moderators_browser))


async def test_the_author_of_a_disabled_comment_gets_a_mail_and_edits_it_however_old_it_is(
    app: Broadside,
    moderators_browser: Browser,
    davids_browser: Browser,
    browser: Browser,
    db: AsyncSession,
    comment: Comment,
) -> None:
    await db.execute(update(Comment).values(created_at=Comment.created_at - timedelta(days=9)))
    await db.commit()
    await moderators_browser.submit("/moderate/disable/1", {"reason": "Rude"})
    (mail,) = await outbox(app)
    assert (mail.purpose, mail.recipient) == ("comment_disabled", "david@example.com")
    assert "Rude" in mail.text
    assert link_in(mail) == "/comment/1"
    assert 'href="/comment/1/edit"' in (await davids_browser.get("/post/1")).text
    await davids_browser.submit("/comment/1/edit", {"body": "Kinder"})
    for visitor in (davids_browser, moderators_browser):
        assert "<p>Kinder</p>" in (await visitor.get("/post/1")).text
    assert "Kinder" not in (await browser.get("/post/1")).text
    await moderators_browser.submit("/moderate/enable/1", {"reason": "Better"})
    assert "<p>Kinder</p>" in (await browser.get("/post/1")).text
    assert (await davids_browser.get("/comment/1/edit")).status_code == 403


async def test_an_enabled_comment_is_as_it_was(
    moderators_browser: Browser, browser: Browser, db: AsyncSession, comment: Comment
) -> None:
    await moderators_browser.submit("/moderate/disable/1", {"reason": "Rude"})
    await moderators_browser.submit("/moderate/enable/1", {"reason": "A joke"})
    page = (await browser.get("/post/1")).text
    assert TEXT in page
    assert SAYS_SO not in page
    enabled = ("maud", "enable comment", "david", {"post": 1, "comment": 1, "reason": "A joke"})
    assert await acts(db) == [BY_MAUD, enabled]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
async def test_a_reason_is_asked_for(
    moderators_browser: Browser, db: AsyncSession, comment: Comment, reason: str
) -> None:
    answer = await moderators_browser.submit("/moderate/disable/1", {"reason": reason})
    assert answer.status_code == 422
    assert 'id="reason-error"' in answer.text
    assert reason.strip() in answer.text
    assert not await is_disabled(db)
    assert await acts(db) == []


async def test_the_moderator_comes_back_to_the_list(
    moderators_browser: Browser, comment: Comment
) -> None:
    assert (
        'href="/moderate/disable/1?next=/moderate'
        in (await moderators_browser.get("/moderate")).text
    )
    address = "/moderate/disable/1?next=/moderate?before%3D31"
    answer = await moderators_browser.submit(address, {"reason": "Rude"})
    assert answer.headers["location"] == "/moderate?before=31"
    address = "/moderate/enable/1?next=//evil.example"
    answer = await moderators_browser.submit(address, {"reason": "Rude"})
    assert answer.headers["location"] == "/comment/1"


@pytest.mark.parametrize("action", ["disable", "enable"])
async def test_nobody_but_moderators_may_do_it(
    susans_browser: Browser,
    davids_browser: Browser,
    browser: Browser,
    db: AsyncSession,
    comment: Comment,
    action: str,
) -> None:
    address = f"/moderate/{action}/1"
    for visitor in (susans_browser, davids_browser):
        assert (await visitor.get(address)).status_code == 403
        answer = await visitor.submit(address, {"reason": "x"}, page="/post/1")
        assert answer.status_code == 403
        assert address not in (await visitor.get("/post/1")).text
    assert (await browser.get(address)).headers["location"].startswith("/auth/login")
    answer = await browser.submit(address, {"reason": "x"}, page="/auth/login")
    assert "been logged out" in answer.text
    assert not await is_disabled(db)
    assert await acts(db) == []


async def test_asking_changes_nothing(
    moderators_browser: Browser, db: AsyncSession, comment: Comment
) -> None:
    page = await moderators_browser.get("/moderate/disable/1")
    assert TEXT in page.text
    assert not await is_disabled(db)


async def test_of_two_moderators_at_once_one_is_told_that_the_other_was_quicker(
    moderators_browser: Browser,
    other_moderators_browser: Browser,
    db: AsyncSession,
    comment: Comment,
) -> None:
    both = (moderators_browser, other_moderators_browser)
    tokens = [await visitor.token("/moderate/disable/1") for visitor in both]
    forms = [{"csrf_token": token, "reason": "Rude"} for token in tokens]
    answers = await asyncio.gather(
        *(
            visitor.post("/moderate/disable/1", data=form)
            for visitor, form in zip(both, forms, strict=True)
        )
    )
    assert [answer.status_code for answer in answers] == [302, 302]
    pages = [(await visitor.get("/moderate")).text for visitor in both]
    assert sum("Someone else has already" in page for page in pages) == 1
    assert sum("Comment disabled, and its reports resolved." in page for page in pages) == 1
    assert len(await acts(db)) == 1


async def test_a_comment_that_is_not_there_is_404(moderators_browser: Browser) -> None:
    for action in ("disable", "enable"):
        assert (await moderators_browser.get(f"/moderate/{action}/7")).status_code == 404
        answer = await moderators_browser.submit(f"/moderate/{action}/7", {"reason": "x"}, page="/")
        assert answer.status_code == 404


async def test_the_newest_comments_of_everybody_come_first(
    moderators_browser: Browser, db: AsyncSession, comment: Comment
) -> None:
    db.add_all(
        Comment(
            post_id=comment.post_id, author_id=comment.author_id, body=f"No. {number}",
            body_html=f"<p>No. {number}</p>", renderer_version=1,
        )
        for number in range(2, 33)
    )  # fmt: skip
    await db.commit()
    first = (await moderators_browser.get("/moderate")).text
    assert first.index("<p>No. 32</p>") < first.index("<p>No. 3</p>")
    assert "<p>No. 2</p>" not in first
    onward = re.search(r'rel="next" href="(/moderate\?before=[^"]+)"', first)
    assert onward
    second = (await moderators_browser.get(onward[1])).text
    assert second.index("<p>No. 2</p>") < second.index(TEXT)
    assert 'rel="next"' not in second


@pytest.mark.parametrize("before", ["0", "-1", "x", "9" * 19, "1e3"])
async def test_a_place_in_the_list_that_cannot_be_is_404(
    moderators_browser: Browser, before: str
) -> None:
    assert (await moderators_browser.get(f"/moderate?before={before}")).status_code == 404
