"""Measures against people: what they do, who may take them, and how they end."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.administrators import lock_administrators
from blog.core.api.links import PREFIXES
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Comment, LogEntry, Measure, Post, PostStatus, Report, Tag, User
from blog.posts.counts import wrong_counts
from blog.posts.publication import publish_due_posts
from tests.api.support import Client, add_token
from tests.comments.support import add_comments
from tests.databases import wait_for_a_lock
from tests.jobs import finish_jobs
from tests.support import Browser, add_user, outbox
from tests.test_hidden_people import CHANNELS, LEFT_OUT, POST, people

__all__ = ["people"]

PREFIX = PREFIXES["v1"]
TOMORROW = (now() + timedelta(days=2)).date().isoformat()


async def take(moderator: Browser, person: User, kind: str, **fields: str) -> httpx.Response:
    form = {"kind": kind, "reason": "Ads", "confirmed": "1", **fields}
    return await moderator.submit(
        f"/moderate/people/{person.id}", form, page=f"/moderate/people/{person.id}"
    )


async def newest_measure(db: AsyncSession) -> Measure:
    return (await db.scalars(select(Measure).order_by(Measure.id.desc()).limit(1))).one()


@pytest.mark.parametrize(
    ("kind", "fields", "subject", "act"),
    [("remind", {}, "A reminder of the rules", "remind of a rule"),
     ("limit", {}, "Your account was limited", "limit account"),
     ("pause", {"until": TOMORROW}, "Your account is paused", "pause account"),
     ("disable", {}, "Your account was disabled", "disable account")],
)  # fmt: skip
async def test_a_person_is_told_of_a_measure_and_can_appeal(
    app: Broadside, moderators_browser: Browser, browser: Browser, db: AsyncSession, susan: User,
    kind: str, fields: dict[str, str], subject: str, act: str,
) -> None:  # fmt: skip
    answer = await take(moderators_browser, susan, kind, **fields)
    assert answer.status_code == 302, answer.text
    (mail,) = await outbox(app)
    assert mail.recipient == "susan@example.com"
    assert subject in mail.subject
    assert "Reason: Ads" in mail.text
    assert "/appeal/" in mail.text
    assert (await db.scalars(select(LogEntry.act))).all() == [act]
    page = (await moderators_browser.get(f"/moderate/people/{susan.id}")).text
    assert "by <bdi>maud</bdi>" in page
    if kind != "remind":
        again = await take(moderators_browser, susan, kind, **fields)
        assert again.status_code == 422
        assert "already in force" in again.text


async def test_who_is_paused_reads_and_does_nothing_else_until_the_pause_is_over(
    app: Broadside, moderators_browser: Browser, susans_browser: Browser, db: AsyncSession,
    susan: User, post: Post, david: User,
) -> None:  # fmt: skip
    token = await add_token(app, susan)
    [others] = await add_comments(db, post, david.id, 1)
    await take(moderators_browser, susan, "pause", until=TOMORROW)
    refused = await susans_browser.submit("/", {"body": "Ads"}, page="/post/1")
    assert refused.status_code == 403
    assert f"paused until {TOMORROW} 00:00 UTC" in refused.text
    async with Client(app, token=token) as client:
        answer = await client.post("/posts/", json={"body": "Ads"})
        assert answer.status_code == 403
        assert "paused until" in answer.json()["detail"]
        assert (await client.get("/posts/1")).status_code == 200
        assert (await client.patch("/me", json={"about_me": "Ads"})).status_code == 403
    comment = f"/comment/{others.id}/remove"
    async with Client(app, token=token) as client:
        removal = await client.post(f"/comments/{others.id}/remove", json={"reason": "Ads"})
        assert removal.status_code == 403, removal.text
    assert (await susans_browser.get(comment)).status_code == 403
    removal = await susans_browser.submit(comment, {"reason": "Ads"}, page="/post/1")
    assert removal.status_code == 403
    refused = await susans_browser.submit("/edit-profile", {"about_me": "Ads"})
    assert (refused.status_code, "paused until" in refused.text) == (403, True)
    assert (await susans_browser.get("/post/1")).status_code == 200
    due = Post(author_id=susan.id, body="x", body_html="x", renderer_version=1,
               status=PostStatus.SCHEDULED, published_at=now() - timedelta(hours=1))  # fmt: skip
    db.add(due)
    await db.commit()
    assert await publish_due_posts(db, now()) == 0
    await db.execute(update(User).values(paused_until=now() - timedelta(seconds=1)))
    await db.execute(update(Measure).values(until=now() - timedelta(seconds=1)))
    await db.commit()
    assert (await susans_browser.submit("/", {"body": "No ads"})).status_code == 302
    async with app.app_context():
        assert await publish_due_posts(db, now()) == 1
    await db.commit()
    page = (await moderators_browser.get(f"/moderate/people/{susan.id}")).text
    assert "ended on" in page


@pytest.mark.parametrize("until", ["", "2020-01-01", "9999-12-31", "x"])
async def test_a_pause_needs_an_end_within_a_year(
    moderators_browser: Browser, susan: User, until: str
) -> None:
    answer = await take(moderators_browser, susan, "pause", until=until)
    assert answer.status_code == 422
    assert 'id="until-error"' in answer.text
    assert "Ads" in answer.text


async def test_a_preview_says_what_a_measure_would_do_and_everything_is_hidden_and_shown_again(
    app: Broadside, moderators_browser: Browser, susans_browser: Browser, davids_browser: Browser,
    browser: Browser, db: AsyncSession, susan: User, post: Post,
) -> None:  # fmt: skip
    maud, address = moderators_browser, f"/moderate/people/{susan.id}"
    for body in ("Second", "Third"):
        await susans_browser.submit("/", {"body": body})
    for body in ("One", "Two"):
        await susans_browser.submit("/post/1", {"body": body})
    await davids_browser.submit("/report/post/2", {"category": "spam"})
    await maud.submit("/moderate/hide/3", {"reason": "By itself"})
    for kind, expected in {
        "hide_all": "This hides what they&#39;ve written: 2 posts and 2 comments.",
        "limit": "What they&#39;ve written will disappear from lists: 2 posts and 2 comments.",
        "disable": "What they&#39;ve written stays: 2 posts and 2 comments.",
    }.items():
        form = {"kind": kind, "reason": "All <ads>"}
        shown = await maud.submit(address, form)
        assert (shown.status_code, expected in shown.text) == (200, True), shown.text
        assert "All &lt;ads&gt;" in shown.text
        back = await maud.submit(address, {**form, "back": "1"})
        assert "All &lt;ads&gt;</textarea>" in back.text
    assert (await db.scalars(select(Measure.kind).where(Measure.post_id.is_(None)))).all() == []
    await db.rollback()
    mails = len(await outbox(app))
    assert (await take(maud, susan, "hide_all")).status_code == 302
    assert (await take(maud, susan, "hide_all")).status_code == 422
    await finish_jobs(app, "hide_everything")
    assert len((await outbox(app))[mails:]) == 1
    assert (await browser.get("/post/1")).status_code == 410
    assert (await browser.get("/post/2")).status_code == 410
    disabled = select(Comment.disabled_at.is_not(None))
    assert (await db.scalars(disabled)).all() == [True, True]
    assert (await db.scalars(select(Report.state))).all() == ["resolved"]
    assert not any((await wrong_counts(db)).values())
    await db.rollback()
    # New ones are public, until it is taken again. A moderator shows one by itself.
    await susans_browser.submit("/", {"body": "Fourth"})
    assert (await browser.get("/post/4")).status_code == 200
    await maud.submit("/moderate/show/1", {"reason": "Harmless"})
    assert "2 posts and 0 comments" in (await maud.submit(address, form)).text
    first = (await db.scalars(select(Measure.id).where(Measure.kind == "hide_all"))).one()
    await db.rollback()
    assert (await take(maud, susan, "hide_all")).status_code == 302
    await finish_jobs(app, "hide_everything")
    assert [(await browser.get(f"/post/{each}")).status_code for each in (1, 2, 3, 4)] == [410] * 4
    await maud.submit(f"/moderate/measures/{first}/lift", {"reason": "Sorry"})
    await finish_jobs(app, "show_everything")
    statuses = [(await browser.get(f"/post/{each}")).status_code for each in (1, 2, 3, 4)]
    assert statuses == [410] * 4, "the second one is still in force"
    await maud.submit(f"/moderate/measures/{first + 1}/lift", {"reason": "Sorry"})
    await finish_jobs(app, "show_everything")
    statuses = [(await browser.get(f"/post/{each}")).status_code for each in (1, 2, 3, 4)]
    assert statuses == [200, 200, 410, 200]
    assert (await db.scalars(disabled)).all() == [False, False]
    assert not any((await wrong_counts(db)).values())
    page = (await browser.get("/moderation/log")).text
    assert "Hid everything by an account" in page
    assert "Made everything by an account visible again" in page


async def test_what_another_moderator_disables_while_everything_is_hidden_stays_so(
    app: Broadside, moderators_browser: Browser, db: AsyncSession, susan: User, post: Post
) -> None:
    await add_comments(db, post, susan.id, 2)
    await take(moderators_browser, susan, "hide_all")
    first = select(func.min(Comment.id)).scalar_subquery()
    async with app.database.session() as other:
        disabled = update(Comment).where(Comment.id == first)
        await other.execute(disabled.values(disabled_at=now(), disabled_reason="Insults"))
        hiding = asyncio.create_task(finish_jobs(app, "hide_everything", seconds=60))
        await wait_for_a_lock(app.database, 1)
        await other.commit()
    await hiding
    measure = await newest_measure(db)
    await moderators_browser.submit(f"/moderate/measures/{measure.id}/lift", {"reason": "Sorry"})
    await finish_jobs(app, "show_everything")
    reasons = select(Comment.disabled_reason).order_by(Comment.id)
    assert (await db.scalars(reasons)).all() == ["Insults", None]


OF_FOLLOWED = {f"{PREFIX}/users/<person:user>/timeline/"}


async def test_lists_leave_out_whom_moderators_have_limited_other_than_for_followers(
    app: Broadside, moderators_browser: Browser, people: dict[str, User]
) -> None:
    await add_user(app, "stranger")
    await take(moderators_browser, people["author"], "limit")
    async with app.database.session() as session:
        assert not any((await wrong_counts(session)).values())
    async with Browser(app) as stranger, Browser(app) as anonymous, Browser(app) as follower:
        await stranger.open_session("stranger")
        await follower.open_session("reader")
        for channel in CHANNELS:
            if "bookmarks" in channel.rule:  # One's own.
                continue
            visitor = stranger if channel.rule == "/search/people" else anonymous
            answer = await visitor.get(channel.address)
            if channel.address.startswith("/api/") and answer.status_code == 401:
                continue
            assert answer.status_code == 200, channel
            is_there = channel.answer != LEFT_OUT or channel.rule in OF_FOLLOWED
            assert (channel.mark in answer.text) == is_there, channel
        for address in ("/sitemap/posts-1.xml", "/sitemap/people-1.xml", "/feed.atom"):
            text = (await anonymous.get(address)).text
            assert "/post/1" not in text
            assert "author<" not in text
        await follower.get("/followed")
        assert POST in (await follower.get("/")).text
        for address in ("/user/author", "/post/1", "/user/author/feed.atom"):
            assert POST in (await anonymous.get(address)).text


async def test_counts_are_right_while_a_limited_person_writes(
    app: Broadside, moderators_browser: Browser, susans_browser: Browser, susan: User,
    db: AsyncSession, browser: Browser, post: Post,
) -> None:  # fmt: skip
    await take(moderators_browser, susan, "limit")
    await susans_browser.submit("/", {"body": "Second"})
    await susans_browser.submit("/delete/2", {}, page="/delete/2")
    await susans_browser.submit("/", {"body": "Third"})
    await moderators_browser.submit("/moderate/hide/1", {"reason": "x"})
    assert not any((await wrong_counts(db)).values())
    assert "Third" not in (await browser.get("/")).text
    measure = (await db.scalars(select(Measure.id).where(Measure.kind == "limit"))).one()
    await db.rollback()
    await moderators_browser.submit(f"/moderate/measures/{measure}/lift", {"reason": "Sorry"})
    assert "Third" in (await browser.get("/")).text
    assert not any((await wrong_counts(db)).values())


async def test_tags_do_not_count_the_posts_of_limited_people(
    app: Broadside, moderators_browser: Browser, susan: User, db: AsyncSession
) -> None:
    async def counts() -> dict[str, int]:
        await finish_jobs(app, "count_tags_of_person")
        assert not any((await wrong_counts(db)).values())
        rows = await db.execute(select(Tag.name, Tag.post_count).where(Tag.post_count > 0))
        listed = {row.name: row.post_count for row in rows}
        await db.rollback()
        return listed

    robin = await add_user(app, "robin")
    async with (
        Client(app, token=await add_token(app, susan)) as susans,
        Client(app, token=await add_token(app, robin)) as robins,
    ):
        await susans.post("/posts/", json={"body": "x", "tags": ["Trams", "Ads"]})
        for client in (susans, robins):
            await client.post("/posts/", json={"body": "x", "tags": ["Trams"]})
        assert await counts() == {"Trams": 3, "Ads": 1}
        await take(moderators_browser, susan, "limit")
        assert await counts() == {"Trams": 1}
        await susans.post("/posts/", json={"body": "x", "tags": ["Trams", "New"]})
        await moderators_browser.submit("/moderate/hide/1", {"reason": "x"})
        assert await counts() == {"Trams": 1}
        measure = (await db.scalars(select(Measure.id).where(Measure.kind == "limit"))).one()
        await db.rollback()
        await moderators_browser.submit(f"/moderate/measures/{measure}/lift", {"reason": "Sorry"})
        assert await counts() == {"Trams": 3, "New": 1}


async def test_who_is_disabled_is_logged_out(
    moderators_browser: Browser, susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await take(moderators_browser, susan, "disable")
    assert (await susans_browser.get("/write")).headers["location"].startswith("/auth/login")
    measure = await newest_measure(db)
    await moderators_browser.submit(f"/moderate/measures/{measure.id}/lift", {"reason": "Sorry"})
    await susans_browser.log_in("susan")


async def test_nobody_takes_measures_against_moderators_or_themself(
    app: Broadside, moderators_browser: Browser, other_moderators_browser: Browser,
    db: AsyncSession,
) -> None:  # fmt: skip
    users = {user.username: user for user in await db.scalars(select(User))}
    for name in ("maud", "mona"):
        page = f"/moderate/people/{users[name].id}"
        assert "Take action" not in (await moderators_browser.get(page)).text
        form = {"kind": "remind", "reason": "x", "confirmed": "1"}
        answer = await moderators_browser.submit(page, form, page="/auth/sessions")
        assert answer.status_code == 403
    root = await add_user(app, "root", role="Administrator")
    async with Browser(app) as browser:
        await browser.open_session("root")
        assert (await take(browser, users["maud"], "remind")).status_code == 302
        answer = await browser.submit(
            f"/moderate/people/{root.id}", {"kind": "disable", "reason": "x"}, page="/auth/sessions"
        )
        assert answer.status_code == 403


async def test_of_two_moderators_at_once_one_is_told(
    moderators_browser: Browser, other_moderators_browser: Browser, db: AsyncSession, susan: User
) -> None:
    answers = await asyncio.gather(
        *(take(each, susan, "limit") for each in (moderators_browser, other_moderators_browser))
    )
    assert sorted(answer.status_code for answer in answers) == [302, 422]
    assert len((await db.scalars(select(Measure))).all()) == 1


async def test_two_administrators_can_pause_each_other_only_one_after_another(
    app: Broadside, db: AsyncSession
) -> None:
    one = await add_user(app, "one", role="Administrator")
    other = await add_user(app, "other", role="Administrator")
    async with Browser(app) as ones, Browser(app) as others:
        await ones.open_session("one")
        await others.open_session("other")
        answers = await asyncio.gather(
            take(ones, other, "pause", until=TOMORROW), take(others, one, "pause", until=TOMORROW)
        )
    refused = [answer for answer in answers if answer.status_code != 302]
    assert len(refused) == 1
    paused = await db.scalars(select(User.id).where(User.paused_until.is_not(None)))
    assert len(paused.all()) == 1


async def test_a_paused_administrator_does_not_count_as_one(
    app: Broadside, db: AsyncSession
) -> None:
    await add_user(app, "one", role="Administrator")
    await add_user(app, "other", role="Administrator")
    await db.execute(
        update(User).where(User.username == "other").values(paused_until=now() + timedelta(days=1))
    )
    one = (await db.scalars(select(User.id).where(User.username == "one"))).one()
    assert await lock_administrators(db) == {one}
