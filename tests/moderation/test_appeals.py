"""Appeals against measures."""

import asyncio
import html
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Appeal, Comment, LogEntry, Measure, Post, User
from blog.moderation.service import ABOUT_ONESELF
from tests.databases import wait_for_a_lock
from tests.jobs import do_job
from tests.moderation.test_measures import take
from tests.support import PASSWORD, Browser, add_user, outbox


async def appeal_link(app: Broadside) -> str:
    mail = (await outbox(app))[0]
    return "/appeal/" + mail.text.partition("/appeal/")[2].split()[0]


async def test_another_moderator_decides_an_appeal_of_someone_who_cannot_log_in(
    app: Broadside, browser: Browser, moderators_browser: Browser,
    other_moderators_browser: Browser, db: AsyncSession, susan: User,
) -> None:  # fmt: skip
    await take(moderators_browser, susan, "disable")
    link = await appeal_link(app)
    page = await browser.get(link)
    assert "Your account was disabled" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert (await browser.submit(link, {"text": " "})).status_code == 422
    assert (await browser.submit(link, {"text": "I'm <b>sorry"})).status_code == 302
    assert "Waiting for another moderator" in (await browser.get(link)).text
    again = await browser.submit(link, {"text": "x"}, page="/auth/login")
    assert again.status_code == 422
    assert "You&#39;ve already appealed" in again.text

    address = "/moderate/appeals/1"
    page = await moderators_browser.get(address)
    assert "Another moderator decides" in page.text
    decision = {"decision": "keep", "answer": "No"}
    refused = await moderators_browser.submit(address, decision, page="/auth/sessions")
    assert refused.status_code == 422
    assert "This was your decision. Another moderator decides the appeal." in refused.text

    assert (
        "Appeal by <bdi>susan</bdi>"
        in (await other_moderators_browser.get("/moderate/appeals")).text
    )
    assert "I&#39;m &lt;b&gt;sorry" in (await other_moderators_browser.get(address)).text
    decision = {"decision": "lift", "answer": "Welcome back"}
    assert (await other_moderators_browser.submit(address, decision)).status_code == 302
    assert "Welcome back" in (await browser.get(link)).text
    mail = (await outbox(app))[-1]
    assert mail.purpose == "appeal_decided"
    assert "Welcome back" in mail.text
    await browser.log_in("susan")
    acts = (await db.scalars(select(LogEntry.act).order_by(LogEntry.number))).all()
    assert acts == ["disable account", "grant appeal"]


async def test_the_author_of_a_hidden_post_and_of_a_disabled_comment_can_appeal(
    app: Broadside, susans_browser: Browser, davids_browser: Browser, browser: Browser,
    moderators_browser: Browser, other_moderators_browser: Browser, comment: Comment,
) -> None:  # fmt: skip
    for action, author, text in (
        ("hide", susans_browser, "<p>Post</p>"), ("disable", davids_browser, "Comment 1"),
    ):  # fmt: skip
        await moderators_browser.submit(f"/moderate/{action}/1", {"reason": "Ads"})
        page = (await author.get("/auth/measures")).text
        assert "Reason: <bdi>Ads</bdi>" in page
        link = "/appeal/" + page.partition('href="/appeal/')[2].partition('"')[0]
        await author.submit(link, {"text": "It's not"})
        number = 1 if action == "hide" else 2
        decision = {"decision": "lift", "answer": "True"}
        await other_moderators_browser.submit(f"/moderate/appeals/{number}", decision)
        assert text in (await browser.get("/post/1")).text
    assert (await outbox(app))[0].purpose == "post_hidden"


async def test_the_person_does_not_decide_even_as_a_moderator(
    app: Broadside, db: AsyncSession, moderators_browser: Browser,
    other_moderators_browser: Browser, make_user: object,
) -> None:  # fmt: skip
    maud = (await db.scalars(select(User).where(User.username == "maud"))).one()
    measure = Measure(person_id=maud.id, kind="remind", reason="x")
    db.add(measure)
    await db.flush()
    db.add(Appeal(measure_id=measure.id, text="x"))
    await db.commit()
    refused = await moderators_browser.submit(
        f"/moderate/appeals/{measure.id}",
        {"decision": "lift", "answer": "x"},
        page="/auth/sessions",
    )
    assert refused.status_code == 422
    assert "This is about you." in refused.text


async def test_where_there_is_no_other_moderator_an_administrator_decides_about_their_own_measure(
    app: Broadside, browser: Browser, db: AsyncSession, susan: User
) -> None:
    await add_user(app, "root", role="Administrator")
    async with Browser(app) as root:
        await root.open_session("root")
        await take(root, susan, "limit")
        link = await appeal_link(app)
        assert "no other moderator" in (await browser.get(link)).text
        await browser.submit(link, {"text": "Why?"})
        assert "Waiting for an administrator" in (await browser.get(link)).text
        address = "/moderate/appeals/1"
        assert "This was your own decision" in (await root.get(address)).text
        # A disabled moderator is none. With another one, it is theirs for two weeks.
        maud = await add_user(app, "maud", role="Moderator")
        await db.execute(update(User).where(User.id == maud.id).values(disabled_at=now()))
        await db.commit()
        assert "there’s no other moderator" in (await root.get(address)).text
        await db.execute(update(User).where(User.id == maud.id).values(disabled_at=None))
        await db.commit()
        decision = {"decision": "lift", "answer": "Sorry"}
        refused = await root.submit(address, decision, page="/auth/sessions")
        assert refused.status_code == 422
        await db.execute(update(Appeal).values(created_at=now() - timedelta(days=15)))
        await db.commit()
        mails = len(await outbox(app))
        await do_job(app, "remind_of_appeals")
        await do_job(app, "remind_of_appeals")
        told = {mail.recipient for mail in (await outbox(app))[mails:]}
        assert len((await outbox(app))[mails:]) == 2
        assert told == {"root@example.com", "maud@example.com"}
        assert "for two weeks" in (await root.get(address)).text
        assert (await root.submit(address, decision)).status_code == 302
        mails = len(await outbox(app))
        await do_job(app, "remind_of_appeals")
        assert len(await outbox(app)) == mails


async def test_who_lost_the_link_gets_it_again_if_the_account_is_disabled(
    app: Broadside, browser: Browser, moderators_browser: Browser, susan: User
) -> None:
    await take(moderators_browser, susan, "disable")
    refused = await browser.submit("/auth/login", {"email": "susan", "password": PASSWORD})
    assert 'href="/appeal"' in refused.text
    mails = len(await outbox(app))
    for address, number in (("maud@example.com", 0), ("x@example.com", 0),
                            ("Susan@example.com", 1)):  # fmt: skip
        answer = await browser.submit("/appeal", {"email": address})
        assert answer.headers["location"] == "/auth/login"
        assert len((await outbox(app))[mails:]) == number
    assert "/appeal/" in (await outbox(app))[-1].text
    assert (await browser.submit("/appeal", {"email": "x"})).status_code == 422


async def test_of_two_moderators_at_once_one_decides(
    app: Broadside, browser: Browser, moderators_browser: Browser,
    other_moderators_browser: Browser, db: AsyncSession, susan: User,
) -> None:  # fmt: skip
    measure = Measure(person_id=susan.id, kind="remind", reason="x")
    db.add(measure)
    await db.flush()
    db.add(Appeal(measure_id=measure.id, text="x"))
    await db.commit()
    address, both = (
        f"/moderate/appeals/{measure.id}",
        (moderators_browser, other_moderators_browser),
    )
    answers = await asyncio.gather(
        *(each.submit(address, {"decision": "keep", "answer": "x"}) for each in both)
    )
    assert [answer.status_code for answer in answers] == [302, 302]
    pages = [(await each.get("/moderate/appeals")).text for each in both]
    assert sum("already decided" in page for page in pages) == 1
    assert len(await outbox(app)) == 1


async def test_an_appeal_that_is_sent_twice_at_once_is_made_once(
    app: Broadside, browser: Browser, moderators_browser: Browser, susan: User
) -> None:
    await take(moderators_browser, susan, "remind")
    link = await appeal_link(app)
    async with app.database.session() as other:
        await other.execute(select(Measure.id).with_for_update())
        sending = [asyncio.create_task(browser.submit(link, {"text": "x"})) for _ in range(2)]
        await wait_for_a_lock(app.database, 2)
    answers = await asyncio.gather(*sending)
    assert sorted(answer.status_code for answer in answers) == [302, 422]


async def test_it_is_too_late_after_six_months(
    app: Broadside, browser: Browser, moderators_browser: Browser, db: AsyncSession, susan: User
) -> None:
    await take(moderators_browser, susan, "remind")
    link = await appeal_link(app)
    await db.execute(update(Measure).values(created_at=now() - timedelta(days=184)))
    await db.commit()
    assert "six months" in (await browser.get(link)).text
    late = await browser.submit(link, {"text": "x"}, page="/auth/login")
    assert late.status_code == 422


@pytest.mark.parametrize("token", ["x", "a.b.c"])
async def test_a_broken_link_is_not_found(browser: Browser, token: str) -> None:
    assert (await browser.get(f"/appeal/{token}")).status_code == 404


async def test_moderators_do_not_bring_back_what_another_moderator_has_hidden_of_theirs(
    moderators_browser: Browser, other_moderators_browser: Browser, db: AsyncSession, post: Post
) -> None:
    await moderators_browser.submit("/", {"body": "Mine"})
    await moderators_browser.submit("/post/2", {"body": "Mine, too"})
    comment = (await db.scalars(select(Comment.id))).one()
    await db.rollback()
    reason = {"reason": "x"}
    for hide, show in (("hide/2", "show/2"), (f"disable/{comment}", f"enable/{comment}")):
        assert (await other_moderators_browser.submit(f"/moderate/{hide}", reason)).is_redirect
        address, page = f"/moderate/{show}", "/auth/sessions"
        refused = await moderators_browser.submit(address, reason, page=page)
        assert refused.status_code == 403
        assert str(ABOUT_ONESELF) in html.unescape(refused.text)
        assert (await other_moderators_browser.submit(f"/moderate/{show}", reason)).is_redirect
