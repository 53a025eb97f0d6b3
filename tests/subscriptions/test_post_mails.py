"""New posts go to subscribers: each gets each post once, and only while it is public."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Post, PostStatus, RefusedAddress, User
from blog.subscriptions import jobs
from tests.accounts.deletions import leave
from tests.jobs import do_job, finish_jobs
from tests.mail.conftest import Working
from tests.mail.smtp import Inbox
from tests.posts.test_posts import add_posts
from tests.servers import until
from tests.subscriptions.support import add_subscribers, post_mails, publish, subscriber_count
from tests.support import Browser, add_user

NAMESPACE = uuid4()
JOB = "mail_post_to_subscribers"


async def test_a_new_post_arrives_with_all_that_a_mail_program_needs_to_unsubscribe(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession, working: Working,
    inbox: Inbox,
) -> None:  # fmt: skip
    await add_subscribers(db, susan, 2)
    post_id = await publish(
        susans_browser, "Some *fresh* <b>bread</b> & butter", title="Æbler & pærer – 10 % off"
    )
    await finish_jobs(app, JOB)
    async with working(mail_sender="Broadside <post@blog.test>"):
        messages = await inbox.holds(2)
    assert sorted(inbox.recipients) == ["reader0@example.com", "reader1@example.com"]
    for message in messages:
        assert message["Subject"] == "[Broadside] Æbler & pærer – 10 % off"
        assert message["List-Id"] == "<susan.posts.blog.test>"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        address = message["List-Unsubscribe"].strip("<>")
        assert address.startswith("https://blog.test/subscriptions/unsubscribe/")
        assert message["Auto-Submitted"] == "auto-generated"
        for kind, text in (
            ("plain", "Some fresh <b>bread</b> & butter"),
            ("html", "Some fresh &lt;b&gt;bread&lt;/b&gt; &amp; butter"),
        ):
            body = message.get_body((kind,))
            assert body is not None
            content = body.get_content()
            assert text in content
            assert address in content
            assert f"https://blog.test/post/{post_id}" in content
    # Not folded, nor made an encoded word.
    raw = [envelope.original_content for envelope in inbox.envelopes]
    assert all(b"\nList-Unsubscribe: <https://blog.test/" in (each or b"") for each in raw)
    assert len({message["List-Unsubscribe"] for message in messages}) == 2
    assert [mail.headers for mail in await post_mails(app)] == [None, None]


async def test_only_what_is_published_after_the_confirmation_is_mailed(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    (old,) = await add_posts(db, susan, 1)
    await add_subscribers(db, susan, 1)
    db.add(
        Post(
            author_id=susan.id, body="Later", body_html="<p>Later</p>", renderer_version=1,
            status=PostStatus.SCHEDULED, published_at=now() - timedelta(minutes=1),
        )
    )  # fmt: skip
    old.published_at = now() - timedelta(days=9)
    old.status = PostStatus.DRAFT
    await db.commit()
    await susans_browser.submit(f"/post/{old.id}/state", {"status": "published"}, page="/write")
    await susans_browser.submit("/write", {"body": "A draft", "status": "draft"})
    assert await post_mails(app) == []
    await do_job(app, "publish_due_posts")
    await finish_jobs(app, JOB)
    assert ["Later" in mail.text for mail in await post_mails(app)] == [True]


async def test_each_subscriber_gets_a_post_once_however_often_the_job_is_killed(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(jobs, "MAILS_AT_ONCE", 3)
    await add_subscribers(db, susan, 10)
    post_id = await publish(susans_browser)
    for kill_after in (0.0, 0.01, 0.02, 0.04, 0.08):
        async with app.app_context(), app.database.session() as session:
            some = asyncio.create_task(jobs.mail_batch(session, post_id, app.links, NAMESPACE))
            await asyncio.sleep(kill_after)
            some.cancel()
            with suppress(asyncio.CancelledError):
                await some
                # Killed before the commit.
        async with app.app_context(), app.database.session() as session:
            await jobs.mail_batch(session, post_id, app.links, NAMESPACE)
            await session.commit()
    # Published again, and by two workers at once.
    await susans_browser.submit(f"/post/{post_id}/state", {"status": "draft"}, page="/write")
    await susans_browser.submit(f"/post/{post_id}/state", {"status": "published"}, page="/write")
    await finish_jobs(app, JOB)
    recipients = [mail.recipient for mail in await post_mails(app)]
    assert sorted(recipients) == sorted(f"reader{each}@example.com" for each in range(10))


@pytest.mark.parametrize("state", ["draft", "hidden", "deleted", "author left"])
async def test_a_post_that_is_no_longer_public_is_not_mailed(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession, state: str,
    working: Working, inbox: Inbox,
) -> None:  # fmt: skip
    await add_subscribers(db, susan, 2)
    queued = await publish(susans_browser)
    await finish_jobs(app, JOB)
    waiting = await publish(susans_browser, "Not queued yet")
    assert len(await post_mails(app)) == 2
    if state == "draft":
        for post_id in (queued, waiting):
            await susans_browser.submit(
                f"/post/{post_id}/state", {"status": "draft"}, page="/write"
            )
    elif state == "hidden":
        await db.execute(update(Post).values(hidden_at=now(), hidden_reason="x"))
    elif state == "deleted":
        for post_id in (queued, waiting):
            await susans_browser.submit(f"/delete/{post_id}")
    else:
        await leave(app, susan)
    await db.commit()
    await finish_jobs(app, JOB)

    async def are_withdrawn() -> bool:
        return await post_mails(app) == []

    async with working():
        await until(are_withdrawn)
    assert inbox.messages == []


async def test_an_address_that_refuses_mail_gets_no_posts(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await add_subscribers(db, susan, 3)
    db.add_all(
        [
            RefusedAddress(address="reader0@example.com", days=3),
            RefusedAddress(address="reader1@example.com", days=2),
        ]
    )
    await db.commit()
    await publish(susans_browser)
    await finish_jobs(app, JOB)
    recipients = {mail.recipient for mail in await post_mails(app)}
    assert recipients == {"reader1@example.com", "reader2@example.com"}
    await do_job(app, "tidy_subscriptions")
    assert await subscriber_count(db, susan) == 2


async def test_posts_go_to_the_subscribers_of_their_author_only(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    await add_subscribers(db, await add_user(app, "david"), 2)
    await publish(susans_browser)
    await finish_jobs(app, JOB)
    assert await post_mails(app) == []
