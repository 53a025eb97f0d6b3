"""Moderators decide about what waits."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import (
    AccountDeletion,
    Comment,
    HeldItem,
    HeldKind,
    LogEntry,
    Notification,
    Post,
    PostStatus,
    User,
)
from tests.media.corpus import encoded, picture
from tests.media.support import uploaded
from tests.posts.test_posts import add_posts
from tests.review.test_holding import (
    CLEAN,
    Site,
    by_api_comment_edit,
    by_api_edit,
    by_comment,
    by_editor,
    by_reply,
    by_schedule,
    newest,
    public_state,
    site,
)
from tests.support import Browser, change_site, outbox

__all__ = ["site"]
QUEUE = "/moderate/review"


async def waiting(db: AsyncSession) -> HeldItem:
    """What was held last."""
    newest_first = select(HeldItem).order_by(HeldItem.id.desc()).limit(1)
    return (await db.scalars(newest_first.execution_options(populate_existing=True))).one()


async def approve(moderator: Browser, item: HeldItem, version: int | None = None) -> httpx.Response:
    page = (await moderator.get(QUEUE)).text
    action = f"{QUEUE}/{item.id}/approve"
    if version is None:
        version = int(page.split(action)[1].split('name="version" value="')[1].split('"')[0])
    answer = await moderator.submit(action, {"version": str(version)}, page=QUEUE)
    assert answer.status_code == 302, answer.text
    return await moderator.get(QUEUE)


async def refuse(moderator: Browser, item: HeldItem, **form: str) -> httpx.Response:
    return await moderator.submit(f"{QUEUE}/{item.id}/refuse", {"reason": "An ad", **form})


async def test_what_is_approved_is_published_as_if_it_had_not_waited(
    site: Site, browser: Browser, moderators_browser: Browser, david: User
) -> None:
    app, db = site.app, site.db
    await change_site(app, held_words=("casino",))
    for way in (by_editor, by_comment, by_reply, by_api_comment_edit, by_api_edit):
        before = await public_state(site, browser)
        await way(site, f"A casino, @david, {way.__name__}")
        assert await public_state(site, browser) == before
        item = await waiting(db)
        page = (await moderators_browser.get(QUEUE)).text
        assert "Contains “<bdi>casino</bdi>”" in page and f"{way.__name__}" in page
        assert "Published." in (await approve(moderators_browser, item)).text
        after = await public_state(site, browser)
        assert after != before and way.__name__ in str(after), way.__name__
        told = select(Notification.id).where(Notification.user_id == david.id)
        assert await db.scalar(told.order_by(Notification.id.desc()).limit(1)) is not None
        assert (await waiting(db)).is_approved
    acts = (await db.scalars(select(LogEntry.act))).all()
    assert acts == ["approve held text"] * 5
    # The same text is not held again.
    post_id = (await db.scalars(select(Post.id).where(Post.title == "A title"))).one()
    for status in ("draft", "published"):
        await site.submit(f"/post/{post_id}/state", page="/write", status=status)
    post = select(Post.status).where(Post.id == post_id)
    assert await db.scalar(post) == PostStatus.PUBLISHED


async def test_moderators_see_the_cover_of_a_post_before_they_publish_it(
    site: Site, moderators_browser: Browser
) -> None:
    await change_site(site.app, held_words=("casino",))
    image = await uploaded(site.app, site.api, encoded(picture(300, 200), "PNG"), alt="A tram")
    await site.api.post("/posts/", json={"body": "A casino", "cover": image["id"]})
    page = (await moderators_browser.get(QUEUE)).text
    assert urlsplit(image["image_url"]).path in page and "A tram" in page


async def test_a_scheduled_post_waits_for_its_time(site: Site, moderators_browser: Browser) -> None:
    await change_site(site.app, held_words=("casino",))
    await by_schedule(site, "A casino")
    await approve(moderators_browser, await waiting(site.db))
    assert await newest(site, Post.status) == PostStatus.SCHEDULED


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_the_title_of_a_post_that_is_not_public_any_more_is_not_beside_comments_that_wait(
    site: Site, moderators_browser: Browser, david: User, *, is_deleted: bool
) -> None:
    await change_site(site.app, held_words=("casino",))
    [post] = await add_posts(site.db, david, 1)
    await site.submit(f"/post/{post.id}", body="A casino")
    status = PostStatus.PUBLISHED if is_deleted else PostStatus.DRAFT
    await site.db.execute(
        update(Post).where(Post.id == post.id).values(title="Secret plan", status=status)
    )
    if is_deleted:  # The job has not deleted the post yet.
        site.db.add(AccountDeletion(user_id=david.id))
    await site.db.commit()
    for page in (await site.browser.get("/waiting"), await moderators_browser.get(QUEUE)):
        assert "A casino" in page.text and "Secret plan" not in page.text


async def test_what_needs_no_review_does_not_wait_with_the_text_of_an_edit(
    site: Site, moderators_browser: Browser
) -> None:
    await change_site(site.app, held_words=("casino",))
    address = f"/posts/{site.post.id}"
    sent = {
        "body": "A casino", "title": "Luck", "tags": ["Luck"], "pinned": True,
        "comments_open": False, "comments_limited": True,
    }  # fmt: skip
    for _ in range(2):  # Twice is once.
        answer = await site.api.patch(address, json=sent)
        assert answer.status_code == 202, answer.text
        shown = answer.json()
        assert (shown["pinned"], shown["comments_open"], shown["comments_limited"]) == (
            True, False, True,
        )  # fmt: skip
        assert (shown["title"], shown["tags"], "casino" in shown["body"]) == (None, [], False)
    # What is changed meanwhile is not taken back by the approval.
    await site.api.patch(address, json={"comments_open": True, "pinned": False})
    await approve(moderators_browser, await waiting(site.db))
    shown = (await site.api.get(address)).json()
    assert (shown["title"], shown["tags"], shown["body"]) == ("Luck", ["Luck"], "A casino")
    assert (shown["pinned"], shown["comments_open"]) == (False, True)


async def test_an_edit_that_could_not_be_published_is_refused_before_it_waits(site: Site) -> None:
    await change_site(site.app, held_words=("casino",))
    await site.api.post("/posts/", json={"body": CLEAN, "title": "Taken", "slug": "taken"})
    held = {"body": "A casino", "title": "Luck"}
    for field, value in (("slug", "taken"), ("cover", 4711)):
        answer = await site.api.patch(f"/posts/{site.post.id}", json={**held, field: value})
        assert (answer.status_code, field in str(answer.json()["errors"])) == (422, True)
    assert await site.db.scalar(select(HeldItem.id)) is None


async def test_a_public_post_that_is_scheduled_with_a_held_text_is_not_public_any_more(
    site: Site, browser: Browser, moderators_browser: Browser
) -> None:
    await change_site(site.app, held_words=("casino",))
    address = f"/posts/{site.post.id}"
    await site.api.patch(address, json={"body": "A casino"})
    later = (now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    sent = {"body": "The casino", "status": "scheduled", "scheduled_for": later, "time_zone": "UTC"}
    assert (await site.api.patch(address, json=sent)).is_success
    assert (await browser.get(f"/post/{site.post.id}")).status_code == 404
    # One thing waits: the post, and no edit of it beside it.
    (item,) = await site.db.scalars(select(HeldItem))
    assert item.kind == HeldKind.POST
    await approve(moderators_browser, item)
    shown = (await site.api.get(address)).json()
    assert (shown["status"], shown["body"]) == ("scheduled", "The casino")


async def test_what_is_refused_stays_with_its_author(
    site: Site, browser: Browser, moderators_browser: Browser
) -> None:
    await change_site(site.app, held_words=("casino",), rules="1. No ads")
    before = await public_state(site, browser)
    await by_editor(site, "A casino")
    item = await waiting(site.db)
    assert (await refuse(moderators_browser, item)).status_code == 422  # Without a rule.
    assert (await refuse(moderators_browser, item, rule="1")).status_code == 302
    assert await newest(site, Post.status) == PostStatus.DRAFT
    (mail,) = await outbox(site.app)
    assert "Your post wasn’t published" in mail.subject
    assert "An ad" in mail.text and "Rule 1: No ads" in mail.text
    await by_comment(site, "A casino")
    await refuse(moderators_browser, await waiting(site.db), rule="1")
    page = (await site.browser.get("/waiting")).text
    assert page.count("Not published") == 2 and "An ad" in page
    assert await public_state(site, browser) == before
    # They are told of each.
    for number in range(3):
        await by_comment(site, f"Casino {number}")
        await refuse(moderators_browser, await waiting(site.db), rule="1")
    assert len(await outbox(site.app)) == 5
    # Nothing is decided twice.
    await refuse(moderators_browser, item, rule="1")
    assert "no longer waiting" in (await moderators_browser.get(QUEUE)).text
    assert (await moderators_browser.get(f"{QUEUE}/{item.id}/refuse")).status_code == 404
    entry = (await site.db.scalars(select(LogEntry).limit(1))).one()
    assert (entry.act, entry.rule) == ("refuse held text", {"number": 1, "text": "No ads"})


async def test_two_moderators_at_once(
    site: Site, moderators_browser: Browser, make_user: Any
) -> None:
    await make_user("mona", role="Moderator")
    await change_site(site.app, held_words=("casino",))
    await by_comment(site, "A casino")
    item = await waiting(site.db)
    async with Browser(site.app) as other:
        await other.log_in("mona")
        await asyncio.gather(approve(moderators_browser, item, 0), refuse(other, item))
    published = select(Comment.id).where(Comment.body == "A casino")
    assert len((await site.db.scalars(published)).all()) == int(
        (await waiting(site.db)).is_approved or False
    )
    assert len((await site.db.scalars(select(LogEntry.number))).all()) == 1


@pytest.mark.parametrize(
    ("meanwhile", "words"),
    [
        (update(Post).values(comments_open=False), "Comments on this post are closed"),
        (update(User).where(User.username == "susan").values(disabled_at=now()), "disabled"),
        (update(Post).values(hidden_at=now()), "A moderator has hidden this post"),
        (delete(Post), "no longer waiting"),
        (update(HeldItem).values(version=7), "changed this in the meantime"),
    ],
)
async def test_what_cannot_be_published_goes_on_waiting(
    site: Site, moderators_browser: Browser, meanwhile: Any, words: str
) -> None:
    await change_site(site.app, held_words=("casino",))
    await by_comment(site, "A casino")
    item = await waiting(site.db)
    await site.db.execute(meanwhile)
    await site.db.commit()
    page = (await approve(moderators_browser, item, 0)).text
    assert words in page.replace("&#39;", "’").replace("'", "’")
    assert (await site.db.scalars(select(Comment.id).where(Comment.body == "A casino"))).all() == []
    assert (await site.db.scalars(select(LogEntry.number))).all() == []


async def test_moderators_change_the_rules(
    app: Broadside, moderators_browser: Browser, susans_browser: Browser, db: AsyncSession
) -> None:
    address = f"{QUEUE}/rules"
    assert (await susans_browser.get(address)).status_code == 403
    assert (await moderators_browser.get("/admin/settings")).status_code == 403
    form = {"held_words": "casino", "hold_links": "true", "new_posts": "5"}
    answer = await moderators_browser.submit(address, form)
    assert answer.status_code == 302, answer.text
    assert app.site.held_words == ("casino",) and app.site.hold_links and app.site.new_posts == 5
    answer = await moderators_browser.submit(address, {"new_days": "x"})
    assert answer.status_code == 422 and "whole number" in answer.text
    # Nothing else of the site.
    await moderators_browser.submit(address, {"site_name": "Mine"})
    assert app.site.site_name == "Broadside"


async def test_a_moderator_reads_all_that_is_published_and_approves_nothing_else(
    site: Site, moderators_browser: Browser
) -> None:
    await change_site(site.app, held_words=("casino",))
    # Everything that readers see is shown to the moderator.
    fields = {
        "body": "Nothing", "excerpt": "A casino one", "tags": ["casino two"],
        "slug": "casino-three", "canonical_url": "https://a.example/casino-four",
    }  # fmt: skip
    address = (await site.api.post("/posts/", json={**fields, "title": "New"})).headers["Location"]
    await site.api.patch(f"/posts/{site.post.id}", json=fields | {"slug": "casino-five"})
    page = (await moderators_browser.get(QUEUE)).text
    for shown in ("A casino one", "casino two", "https://a.example/casino-four"):
        assert page.count(shown) == 2, shown
    assert "casino-three" in page and "casino-five" in page
    # The author changes it before it is approved. What it was before is not approved with that.
    await site.api.patch(address, json={**fields, "title": "A small casino"})
    post = (await site.db.scalars(select(Post).where(Post.slug == "casino-three"))).one()
    (item,) = await site.db.scalars(select(HeldItem).where(HeldItem.post_id == post.id))
    await approve(moderators_browser, item)
    assert (await site.api.patch(address, json={"title": "New"})).status_code == 202
    assert (await waiting(site.db)).waits
    # The approved text is not held again, nor is it after a slug of one's own was approved.
    for status in ("draft", "published"):
        answer = await site.api.patch(address, json={"status": status})
        assert answer.json()["status"] == status
    assert (await site.api.patch(address, json={"slug": "casino-six"})).status_code == 202
    await approve(moderators_browser, await waiting(site.db))
    assert (await site.api.get(address)).json()["title"] == "A small casino"
    for status in ("draft", "published"):
        answer = await site.api.patch(address, json={"status": status})
        assert answer.json()["status"] == status


async def test_an_edit_of_a_comment_waits_for_those_who_decide_about_one(site: Site) -> None:
    """It locks the post before the comment, as they do: so neither waits for the other."""
    await change_site(site.app, held_words=("casino",))
    await by_api_comment_edit(site, "A casino")
    async with site.app.database.session() as deciding:
        post, comment = (
            select(table.id).where(table.id == row.id).with_for_update(nowait=True)
            for table, row in ((Post, site.post), (Comment, site.comment))
        )
        await deciding.execute(post)
        edit = asyncio.create_task(by_api_comment_edit(site, "Another casino"))
        await asyncio.wait([edit], timeout=0.5)
        await deciding.execute(comment)
        await deciding.commit()
    await edit
