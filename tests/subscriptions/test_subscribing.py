"""Asking for an author's posts by mail, confirming it, and what others learn of it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Subscription, User
from blog.posts.counts import wrong_counts
from blog.subscriptions.links import CONFIRM
from tests.accounts.deletions import finish_deletions, leave
from tests.api.support import Client, add_token
from tests.jobs import do_job
from tests.subscriptions.support import (
    add_subscribers,
    subscribe,
    subscriber_count,
    subscriptions,
)
from tests.support import Browser, add_user, link_in, outbox

READER = "reader@example.com"


async def test_a_reader_subscribes_and_confirms_and_the_author_sees_how_many_but_not_who(
    app: Broadside, browser: Browser, susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    assert "/user/susan/subscribe" in (await browser.get("/user/susan")).text
    answer = await subscribe(browser, "susan", " Reader@Example.com")
    assert (answer.status_code, answer.headers["location"]) == (302, "/user/susan")
    assert "Check your inbox" in (await browser.get("/user/susan")).text
    (mail,) = await outbox(app)
    assert (mail.recipient, mail.headers) == (READER, None)
    assert "0 subscribers" in (await susans_browser.get("/user/susan")).text

    link = link_in(mail)
    page = await browser.get(link)
    assert READER in page.text
    assert await subscriber_count(db, susan) == 0, "looking changes nothing"
    for _ in range(2):
        answer = await browser.submit(link)
        assert (answer.status_code, answer.headers["location"]) == (302, "/user/susan")
        assert await subscriber_count(db, susan) == 1
    own = (await susans_browser.get("/user/susan")).text
    assert "1 subscriber by email" in own
    assert READER not in own
    assert "1 subscriber" not in (await browser.get("/user/susan")).text
    async with Client(app, token=await add_token(app, susan)) as client:
        assert (await client.get("/me")).json()["subscriber_count"] == 1
        assert "subscriber_count" not in (await client.get(f"/users/{susan.id}")).json()


async def test_nobody_learns_whether_an_address_is_subscribed(
    app: Broadside, browser: Browser, susan: User, db: AsyncSession
) -> None:
    (subscribed,) = await add_subscribers(db, susan, 1)
    seen = []
    for email in ("new@example.com", subscribed.email, "new@example.com", subscribed.email):
        answer = await subscribe(browser, "susan", email)
        page = (await browser.get("/user/susan")).text
        seen.append((answer.status_code, page.replace(email, "")))
    assert len(set(seen)) == 1
    mails = await outbox(app)
    # Each address gets one mail a day about an author.
    assert [mail.recipient for mail in mails] == ["new@example.com", subscribed.email]
    assert "You're already subscribed" in mails[1].subject
    assert "/confirm/" not in mails[1].text


async def test_an_address_gets_three_such_mails_a_day_and_a_network_may_send_twenty_an_hour(
    app: Broadside, browser: Browser
) -> None:
    for number in range(5):
        await add_user(app, f"author{number}")
        assert (await subscribe(browser, f"author{number}", READER)).status_code == 302
    assert len(await outbox(app)) == 3
    answers = [
        (await subscribe(browser, "author0", f"x{number}@example.com")).status_code
        for number in range(16)
    ]
    assert answers == [302] * 15 + [429]


@pytest.mark.parametrize("email", ["", "no address", "a@b", "x" * 250 + "@example.com"])
async def test_what_is_no_address_comes_back(browser: Browser, susan: User, email: str) -> None:
    answer = await subscribe(browser, "susan", email)
    assert answer.status_code == 422
    assert 'id="email-error"' in answer.text
    assert not email or email in answer.text


async def test_there_is_nobody_to_subscribe_to(browser: Browser) -> None:
    assert (await browser.get("/user/nobody/subscribe")).status_code == 404


async def test_a_link_to_confirm_that_does_not_hold_changes_nothing(
    app: Broadside, browser: Browser, susan: User, db: AsyncSession
) -> None:
    await subscribe(browser, "susan", READER)
    link = link_in((await outbox(app))[0])
    unsubscribing = app.links.sign("unsubscribe from posts", {"subscription": 1})
    missing = app.links.sign(CONFIRM, {"subscription": 4711})
    for token in (link.rpartition("/")[2][:-1], "x", unsubscribing, missing):
        for answer in (
            await browser.get(f"/subscriptions/confirm/{token}"),
            await browser.submit(f"/subscriptions/confirm/{token}", page="/auth/login"),
        ):
            assert answer.status_code == 400, token
            assert "This link doesn’t work" in answer.text
    assert await subscriber_count(db, susan) == 0


async def test_what_is_not_confirmed_in_time_is_deleted(
    app: Broadside, browser: Browser, susan: User, db: AsyncSession
) -> None:
    await subscribe(browser, "susan", READER)
    await add_subscribers(db, susan, 1)
    ended = Subscription(
        author_id=susan.id, email="ended@example.com", confirmed_at=now() - timedelta(days=90),
        ended_at=now() - timedelta(days=31),
    )  # fmt: skip
    db.add(ended)
    await db.commit()
    await do_job(app, "tidy_subscriptions")
    assert len(await subscriptions(db)) == 2
    await db.execute(update(Subscription).values(asked_at=now() - timedelta(days=4)))
    await db.commit()
    await do_job(app, "tidy_subscriptions")
    assert [each.email for each in await subscriptions(db)] == ["reader0@example.com"]


async def test_an_author_who_leaves_takes_the_subscriptions_along(
    app: Broadside, browser: Browser, susan: User, db: AsyncSession
) -> None:
    await subscribe(browser, "susan", READER)
    link = link_in((await outbox(app))[0])
    await add_subscribers(db, susan, 3)
    await leave(app, susan)
    assert (await browser.submit(link, page="/auth/login")).status_code == 400
    assert (await browser.get("/user/susan/subscribe")).status_code == 404
    await finish_deletions(app)
    assert await subscriptions(db) == []


async def test_what_an_address_is_subscribed_to_ends_with_its_account(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    david = await add_user(app, "david")
    db.add(Subscription(author_id=susan.id, email=david.email, confirmed_at=now()))
    await db.commit()
    assert await subscriber_count(db, susan) == 1
    await leave(app, david)
    assert await subscriber_count(db, susan) == 0
    assert set((await wrong_counts(db)).values()) == {0}


async def test_an_account_that_never_confirmed_its_address_takes_no_subscription_along(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    stranger = await add_user(app, "stranger", confirmed=False)
    db.add(Subscription(author_id=susan.id, email=stranger.email, confirmed_at=now()))
    await db.commit()
    await leave(app, stranger)
    assert await subscriber_count(db, susan) == 1


async def counts_after(db: AsyncSession, author: User, **values: Any) -> int | None:
    await db.execute(update(Subscription).values(**values))
    await db.commit()
    return await subscriber_count(db, author)


async def test_the_count_follows_each_change(db: AsyncSession, susan: User) -> None:
    await add_subscribers(db, susan, 3)
    assert await subscriber_count(db, susan) == 3
    assert await counts_after(db, susan, ended_at=now()) == 0
    assert await counts_after(db, susan, ended_at=None) == 3
    assert await counts_after(db, susan, confirmed_at=None) == 0
    assert (await wrong_counts(db))["subscribers of people"] == 0
    await db.execute(update(User).values(subscriber_count=7))
    assert (await wrong_counts(db))["subscribers of people"] == 1


async def test_who_unsubscribed_can_subscribe_again(
    app: Broadside, browser: Browser, susan: User, db: AsyncSession
) -> None:
    (ended,) = await add_subscribers(db, susan, 1)
    await counts_after(db, susan, ended_at=now())
    await subscribe(browser, "susan", ended.email)
    assert await subscriber_count(db, susan) == 0
    await browser.submit(link_in((await outbox(app))[0]))
    assert await subscriber_count(db, susan) == 1
