"""Reporting posts and comments, and closing reports."""

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Comment, Post, Report, User
from tests.api.support import Client, add_token
from tests.databases import wait_for_a_lock
from tests.moderation.support import acts
from tests.support import Browser, change_site

ABOUT_COMMENT = "/report/comment/1"
ABOUT_POST = "/report/post/1"


async def number_of_reports(db: AsyncSession) -> int:
    return (await db.scalars(select(func.count()).select_from(Report))).one()


async def states(db: AsyncSession) -> list[str]:
    return [str(state) for state in await db.scalars(select(Report.state).order_by(Report.id))]


@pytest.mark.parametrize(
    ("address", "back"), [(ABOUT_COMMENT, "/comment/1"), (ABOUT_POST, "/post/1")]
)
async def test_a_report_reaches_the_moderators(
    susans_browser: Browser,
    moderators_browser: Browser,
    db: AsyncSession,
    comment: Comment,
    address: str,
    back: str,
) -> None:
    assert f'href="{ABOUT_COMMENT}"' in (await susans_browser.get("/post/1")).text
    answer = await susans_browser.submit(address, {"reason": "This is <spam>"})
    assert answer.headers["location"] == back
    page = await susans_browser.get(back, follow_redirects=True)
    assert "A moderator will take a look" in page.text
    page = (await moderators_browser.get("/moderate/reports")).text
    assert "This is &lt;spam&gt;" in page
    assert ">susan<" in page
    assert ("<p>Comment 1</p>" if address == ABOUT_COMMENT else "<p>Post</p>") in page


async def test_moderators_do_not_read_a_draft_by_a_report_of_before(
    susans_browser: Browser, moderators_browser: Browser, db: AsyncSession, post: Post
) -> None:
    await susans_browser.submit(ABOUT_POST, {"reason": "Spam"})
    changed = {"title": "Secret plan", "body_html": "<p>Secret words</p>", "status": "draft"}
    await db.execute(update(Post).values(changed))
    await db.commit()
    for address in ("/moderate/reports", "/moderate/reports/1"):
        page = (await moderators_browser.get(address)).text
        assert "Only its author can read this post" in page and "Secret" not in page
        assert "/moderate/hide/1" not in page


@pytest.mark.parametrize("address", [ABOUT_COMMENT, ABOUT_POST])
async def test_nobody_reports_a_thing_twice(
    susans_browser: Browser, davids_browser: Browser, db: AsyncSession, comment: Comment,
    address: str,
) -> None:  # fmt: skip
    await susans_browser.submit(address, {"reason": "one"})
    answer = await susans_browser.submit(address, {"reason": "two"})
    assert answer.status_code == 302
    page = await susans_browser.get("/post/1")
    assert "already reported this" in page.text
    assert (await db.scalars(select(Report.reason))).all() == ["one"]
    await davids_browser.submit(address, {"reason": "I too"})
    assert await number_of_reports(db) == 2


async def test_of_two_reports_by_one_person_at_once_one_is_stored(
    susans_browser: Browser, db: AsyncSession, comment: Comment
) -> None:
    token = await susans_browser.token(ABOUT_COMMENT)
    form = {"csrf_token": token, "reason": "x"}
    answers = await asyncio.gather(
        *(susans_browser.post(ABOUT_COMMENT, data=form) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {302}
    assert await number_of_reports(db) == 1


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
async def test_a_reason_is_asked_for(
    susans_browser: Browser, db: AsyncSession, comment: Comment, reason: str
) -> None:
    for address in (ABOUT_COMMENT, ABOUT_POST):
        answer = await susans_browser.submit(address, {"reason": reason})
        assert answer.status_code == 422
        assert reason.strip() in answer.text
    assert await number_of_reports(db) == 0


async def test_a_report_names_a_rule_or_spam_or_something_else_and_the_queue_is_filtered_by_that(
    app: Broadside, susans_browser: Browser, davids_browser: Browser, moderators_browser: Browser,
    db: AsyncSession, comment: Comment, susan: User,
) -> None:  # fmt: skip
    await change_site(app, rules="1. Be **kind**\n3. No ads & tricks")
    page = (await susans_browser.get(ABOUT_POST)).text
    for label in ("1. Be kind", "3. No ads &amp; tricks", "Spam", "Something else"):
        assert label in page
    for wrong in ("", "2", "0", "9999", "99999", "x", "\u0663"):
        form = {"category": wrong, "reason": "Typed"}
        answer = await susans_browser.submit(ABOUT_POST, form)
        assert (answer.status_code, "Typed" in answer.text) == (422, True), wrong
        assert 'id="category-error"' in answer.text
    nothing = await susans_browser.submit(ABOUT_POST, {"category": "other"})
    assert (nothing.status_code, 'id="reason-error"' in nothing.text) == (422, True)
    await susans_browser.submit(ABOUT_POST, {"category": "3"})
    await susans_browser.submit(ABOUT_COMMENT, {"category": "spam"})
    async with Client(app, token=await add_token(app, susan)) as client:
        for body, status in (({"category": "2"}, 422), ({"category": "other"}, 422), ({}, 422),
                             ({"category": "1"}, 204)):  # fmt: skip
            answer = await client.post("/posts/1/report", json=body)
            assert answer.status_code == status, answer.text
            if body.get("category") == "2":
                assert "category" in str(answer.json()["errors"])
        assert (await client.post("/comments/7/report", json={"category": "spam"})).is_error
    await davids_browser.submit(ABOUT_POST, {"category": "1", "reason": "Rude"})
    rows = list(
        await db.execute(select(Report.category, Report.rule, Report.author_id).order_by(Report.id))
    )
    rule = {"number": 3, "text": "No ads & tricks"}
    assert rows[0] == ("3", rule, susan.id)
    assert [row.category for row in rows] == ["3", "spam", "1"]
    # A report keeps its rule when that changes or goes.
    await change_site(app, rules="1. Be kind to all")
    shown_of = {
        "3": "Rule 3: No ads &amp; tricks", "1": "Rule 1: Be kind<", "spam": "<b>Spam",
        "other": "No matches", "x": "Rude",
    }  # fmt: skip
    for category, shown in shown_of.items():
        page = (await moderators_browser.get(f"/moderate/reports?category={category}")).text
        assert shown in page
        assert ("Rude" in page) == (category in {"1", "x"})
    await moderators_browser.submit("/moderate/reports/1/dismiss", {}, page="/moderate/reports")
    closed = (await moderators_browser.get("/moderate/reports/closed?category=3")).text
    assert "Rule 3" in closed
    assert "Rule 1:" not in closed


async def test_unconfirmed_and_anonymous_viewers_may_not_report(
    app: Broadside,
    browser: Browser,
    db: AsyncSession,
    comment: Comment,
    make_user: Callable[..., Awaitable[User]],
) -> None:
    assert "/report/" not in (await browser.get("/post/1")).text
    assert (await browser.get(ABOUT_POST)).headers["location"].startswith("/auth/login")
    answer = await browser.submit(ABOUT_POST, {"reason": "x"}, page="/auth/login")
    assert "been logged out" in answer.text
    await make_user("newcomer", confirmed=False)
    async with Browser(app) as newcomer:
        await newcomer.log_in("newcomer")
        answer = await newcomer.submit(ABOUT_POST, {"reason": "x"}, page="/auth/unconfirmed")
        assert answer.status_code in {302, 403}
    assert await number_of_reports(db) == 0


async def test_deleted_hidden_or_disabled_content_cannot_be_reported(
    susans_browser: Browser, db: AsyncSession, comment: Comment
) -> None:
    await db.execute(update(Post).values(hidden_at=now()))
    await db.execute(update(Comment).values(disabled_at=now(), disabled_reason="Rude"))
    await db.commit()
    hidden, missing = (ABOUT_COMMENT, ABOUT_POST), ("/report/post/7", "/report/comment/7")
    for address in (*hidden, *missing):
        page = await susans_browser.get(address)
        assert page.status_code == (410 if address in hidden else 404)
        assert "Comment 1" not in page.text
        answer = await susans_browser.submit(address, {"reason": "x"}, page="/")
        assert answer.status_code == (410 if address in hidden else 404)
    assert await number_of_reports(db) == 0


@pytest.mark.parametrize(
    ("action", "state", "act"),
    [("resolve", "resolved", "resolve report"), ("dismiss", "dismissed", "dismiss report")],
)
async def test_a_report_is_closed_once(
    susans_browser: Browser,
    moderators_browser: Browser,
    other_moderators_browser: Browser,
    db: AsyncSession,
    comment: Comment,
    action: str,
    state: str,
    act: str,
) -> None:
    await susans_browser.submit(ABOUT_COMMENT, {"reason": "Bad words"})
    address = f"/moderate/reports/1/{action}"
    both = (moderators_browser, other_moderators_browser)
    tokens = [await visitor.token("/moderate/reports") for visitor in both]
    forms = [{"csrf_token": token, "reason": "Talked to them"} for token in tokens]
    answers = await asyncio.gather(
        *(visitor.post(address, data=form) for visitor, form in zip(both, forms, strict=True))
    )
    assert [answer.status_code for answer in answers] == [302, 302]
    pages = [(await visitor.get("/moderate/reports")).text for visitor in both]
    assert sum("Someone else has already" in page for page in pages) == 1
    assert not any("Bad words" in page for page in pages)
    closed = (await moderators_browser.get("/moderate/reports/closed")).text
    assert "Bad words" in closed
    assert f"<b>{state.capitalize()}</b>" in closed and "by <bdi>m" in closed
    assert "Note: <bdi>Talked to them</bdi>" in closed
    ((who, what, whom, details),) = await acts(db)
    assert who in {"maud", "mona"}
    assert (what, whom) == (act, "david")
    assert details == {"comment": 1, "report": 1, "reason": "Talked to them"}


@pytest.mark.parametrize("action", ["resolve", "dismiss"])
async def test_a_report_that_was_just_closed_keeps_its_place_for_its_moderator_alone(
    susans_browser: Browser,
    davids_browser: Browser,
    moderators_browser: Browser,
    other_moderators_browser: Browser,
    comment: Comment,
    action: str,
) -> None:
    await davids_browser.submit(ABOUT_POST, {"reason": "First"})
    await susans_browser.submit(ABOUT_COMMENT, {"reason": "Second"})
    await davids_browser.submit(ABOUT_COMMENT, {"reason": "Third"})
    page = (await moderators_browser.get("/moderate/reports")).text
    form = re.search(rf'"(/moderate/reports/2/{action}\?next=[^"]+)"', page)
    assert form
    answer = await moderators_browser.submit(
        form[1], {"reason": "Talked to them"}, page="/moderate/reports"
    )
    assert answer.headers["location"] == "/moderate/reports?closed=2#report-2"
    page = (await moderators_browser.get(answer.headers["location"])).text
    assert page.index("Third") < page.index("Second") < page.index("First")
    assert "Report about david&#39;s comment" in page
    assert "Note: <bdi>Talked to them</bdi>" in page
    assert "/moderate/reports/2/" not in page
    for visitor, address in (
        (moderators_browser, "/moderate/reports"),
        (other_moderators_browser, answer.headers["location"]),
        (moderators_browser, "/moderate/reports?closed=4711"),
        (moderators_browser, "/moderate/reports?closed=x"),
    ):
        assert "Second" not in (await visitor.get(address)).text


async def test_from_a_report_one_comes_to_the_author_and_back(
    app: Broadside,
    davids_browser: Browser,
    moderators_browser: Browser,
    make_user: Callable[..., Awaitable[User]],
    comment: Comment,
) -> None:
    await make_user("root", role="Administrator")
    await davids_browser.submit(ABOUT_POST, {"reason": "Loud"})
    page = (await moderators_browser.get("/moderate/reports")).text
    assert page.count('href="/user/susan"') >= 1
    assert "Manage <bdi>susan</bdi>" not in page
    hide = re.search(r'href="(/moderate/hide/1\?next=[^"]+)"', page)
    assert hide
    answer = await moderators_browser.submit(hide[1], {"reason": "Too loud"})
    back = (await moderators_browser.get(answer.headers["location"])).text
    assert "Post hidden, and its reports resolved." in back
    assert "Note: <bdi>Too loud</bdi>" in back
    async with Browser(app) as roots_browser:
        await roots_browser.log_in("root")
        page = (await roots_browser.get("/moderate/reports/closed")).text
        assert "Manage <bdi>susan</bdi>" in page


async def test_a_report_can_be_closed_without_a_remark_but_not_with_a_long_one(
    susans_browser: Browser, moderators_browser: Browser, db: AsyncSession, comment: Comment
) -> None:
    await susans_browser.submit(ABOUT_POST, {"reason": "x"})
    list_ = "/moderate/reports"
    address = "/moderate/reports/1/dismiss"
    answer = await moderators_browser.submit(address, {"reason": "x" * 501}, page=list_)
    assert answer.status_code == 422
    assert await states(db) == ["open"]
    await moderators_browser.submit(address, page=list_)
    assert await states(db) == ["dismissed"]


async def test_disabling_and_hiding_settle_what_was_reported(
    susans_browser: Browser,
    davids_browser: Browser,
    moderators_browser: Browser,
    db: AsyncSession,
    comment: Comment,
) -> None:
    for visitor in (susans_browser, davids_browser):
        await visitor.submit(ABOUT_COMMENT, {"reason": "x"})
        await visitor.submit(ABOUT_POST, {"reason": "x"})
    await moderators_browser.submit("/moderate/disable/1", {"reason": "Rude"})
    assert await states(db) == ["resolved", "open", "resolved", "open"]
    await moderators_browser.submit("/moderate/hide/1", {"reason": "Spam"})
    assert await states(db) == ["resolved"] * 4


async def test_a_report_goes_with_what_it_is_about(
    susans_browser: Browser,
    davids_browser: Browser,
    moderators_browser: Browser,
    db: AsyncSession,
    comment: Comment,
) -> None:
    await susans_browser.submit(ABOUT_COMMENT, {"reason": "x"})
    token = await moderators_browser.token("/moderate/reports")
    await davids_browser.submit("/comment/1/delete")
    assert await number_of_reports(db) == 0
    answer = await moderators_browser.post(
        "/moderate/reports/1/resolve", data={"csrf_token": token}
    )
    assert answer.status_code == 404


async def test_a_comment_with_replies_that_is_deleted_meanwhile_leaves_no_report(
    app: Broadside,
    susans_browser: Browser,
    davids_browser: Browser,
    db: AsyncSession,
    comment: Comment,
) -> None:
    await susans_browser.submit("/post/1", {"body": "And I", "reply_to": comment.id})
    form = {"csrf_token": await susans_browser.token(ABOUT_COMMENT), "reason": "x"}
    away = {"csrf_token": await davids_browser.token("/comment/1/delete")}
    async with app.database.session() as elsewhere:
        # The report has the lock of the comment, and waits for that of the one who reports.
        await elsewhere.execute(select(User.id).where(User.username == "susan").with_for_update())
        report = asyncio.create_task(susans_browser.post(ABOUT_COMMENT, data=form))
        await wait_for_a_lock(app.database, 1)
        deletion = asyncio.create_task(davids_browser.post("/comment/1/delete", data=away))
        await asyncio.wait([deletion], timeout=1)
        await elsewhere.commit()
    assert [(await each).status_code for each in (report, deletion)] == [302, 302]
    assert await number_of_reports(db) == 0


async def test_nobody_but_moderators_sees_and_closes_reports(
    susans_browser: Browser, browser: Browser, db: AsyncSession, comment: Comment
) -> None:
    await susans_browser.submit(ABOUT_POST, {"reason": "x"})
    for address in ("/moderate", "/moderate/reports", "/moderate/reports/closed"):
        assert (await susans_browser.get(address)).status_code == 403
        assert (await browser.get(address)).headers["location"].startswith("/auth/login")
    for action in ("resolve", "dismiss"):
        address = f"/moderate/reports/1/{action}"
        assert (await susans_browser.submit(address, page="/")).status_code == 403
    assert await states(db) == ["open"]
    assert 'href="/moderate"' not in (await susans_browser.get("/")).text
