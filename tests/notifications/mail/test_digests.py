"""Digests: one mail a period, with what is new and still there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import MailPreference
from blog.notifications.mail import digests
from tests.mail.conftest import Working
from tests.mail.smtp import Inbox
from tests.notifications.mail.support import at, choose, mail_all
from tests.notifications.support import Person, people
from tests.servers import until
from tests.support import Browser, outbox


@pytest.fixture
async def crowd(app: Broadside) -> AsyncIterator[dict[str, Person]]:
    """Nina, who wants a daily digest at eight, and four others."""
    async with people(app, "nina", "robin", "bob", "carla", "dan") as found:
        async with Browser(app) as browser:
            await browser.open_session("nina")
            await choose(browser)
        yield found


def tomorrow(days: int = 1) -> datetime:
    """Half past eight of a day, in UTC."""
    day = datetime.now(UTC) + timedelta(days=days)
    return day.replace(hour=8, minute=30)


async def like(post_id: int, *who: Person) -> None:
    for person in who:
        assert (await person.put(f"/posts/{post_id}/like")).is_success


async def test_a_digest_tells_in_a_line_what_belongs_together_and_comes_once(
    app: Broadside, crowd: dict[str, Person]
) -> None:
    nina, robin, bob, carla, dan = crowd.values()
    post_id = await nina.write_post("Trams <b>")
    await like(post_id, robin, bob, carla, dan)
    await robin.put(f"/users/{nina.id}/followers/robin")
    assert await mail_all(app) == []
    (mail,) = await mail_all(app, tomorrow())
    assert mail.recipient == "nina@example.com"
    assert mail.subject.startswith("[Broadside] What's new today: ")
    assert "dan and 3 others liked “Trams <b>”" in mail.text
    assert "“Trams &lt;b&gt;”" in mail.html
    assert (mail.headers or {})["List-Id"] == "<digest.notifications.blog.test>"
    for days in (1, 2, 9):
        assert len(await mail_all(app, tomorrow(days))) == 1, "nothing is new"
    other = await nina.write_post("Buses")
    await like(other, bob)
    await mail_all(app)
    *_, second = await mail_all(app, tomorrow(3))
    assert "bob liked “Buses”" in second.text
    assert "Trams" not in second.text


async def test_a_digest_leaves_out_what_was_read_or_is_gone_and_is_not_sent_empty(
    app: Broadside, crowd: dict[str, Person]
) -> None:
    nina, robin, bob, *_ = crowd.values()
    read, deleted, unliked = [await nina.write_post(each) for each in ("Read", "Deleted", "Not")]
    for post_id in (read, deleted, unliked):
        await like(post_id, robin)
    await mail_all(app)
    (line,) = [each for each in await nina.notifications() if "Read" in each["text"]]
    await nina.patch(f"/notifications/{line['id']}", json={"read": True})
    await robin.delete(f"/posts/{unliked}/like")
    await nina.delete(f"/posts/{deleted}")
    assert await mail_all(app, tomorrow()) == []
    await like(await nina.write_post("Trams"), bob)
    await mail_all(app)
    (mail,) = await mail_all(app, tomorrow(2))
    assert "Trams" in mail.text
    assert not any(f"“{title}”" in mail.text for title in ("Read", "Deleted", "Not"))


async def test_it_comes_at_the_hour_in_the_zone_and_moves_with_the_settings(
    app: Broadside, crowd: dict[str, Person], db: AsyncSession
) -> None:
    nina, robin, *_ = crowd.values()
    await like(await nina.write_post(), robin)
    due = select(MailPreference.digest_due_at).where(MailPreference.user_id == nina.id)
    with at(datetime(2026, 3, 28, 12, tzinfo=UTC)):
        await mail_all(app, datetime(2026, 3, 28, 12, tzinfo=UTC))
        assert await db.scalar(due) == datetime(2026, 3, 29, 8, tzinfo=UTC)
        async with Browser(app) as browser:
            await browser.open_session("nina")
            await choose(browser, time_zone="Europe/Berlin", hour="2")
            # The clocks go from two to three.
            assert await db.scalar(due) == datetime(2026, 3, 29, 1, tzinfo=UTC)
            await choose(browser, digest="weekly", weekday="2", time_zone="Europe/Berlin")
            assert await db.scalar(due) == datetime(2026, 4, 1, 6, tzinfo=UTC)
    # The zone has disappeared from the data.
    await db.execute(update(MailPreference).values(time_zone="Mars/Olympus_Mons"))
    await db.commit()
    async with Browser(app) as browser:
        await browser.open_session("nina")
        page = await browser.get("/auth/notifications")
        assert "Mars/Olympus Mons" in page.text
        answer = await browser.submit("/auth/notifications", {"time_zone": "Mars/Olympus_Mons"})
        assert answer.status_code == 422
        assert "Please choose a time zone" in answer.text
    assert len(await mail_all(app, datetime(2026, 4, 2, tzinfo=UTC))) == 1


async def test_a_killed_worker_loses_no_digest_and_sends_none_twice(
    app: Broadside, crowd: dict[str, Person]
) -> None:
    nina, robin, bob, *_ = crowd.values()
    await like(await nina.write_post(), robin, bob)
    await like(await robin.write_post(), nina)
    await mail_all(app)
    moment = tomorrow(8)
    with at(moment):
        for seconds in (0.0, 0.005, 0.01, 0.02, 0.04):
            async with app.app_context(), app.database.session() as session:
                sending = asyncio.create_task(digests.send_next_digest(session, app.links))
                await asyncio.sleep(seconds)
                sending.cancel()
                with suppress(asyncio.CancelledError):
                    await sending
                # Killed before the commit.
    mails = await mail_all(app, moment)
    assert sorted(mail.recipient for mail in mails) == ["nina@example.com", "robin@example.com"]
    assert await mail_all(app, moment) == mails or len(await mail_all(app, moment)) == 2


async def test_who_wants_no_digest_gets_none(app: Broadside, crowd: dict[str, Person]) -> None:
    nina, robin, *_ = crowd.values()
    async with Browser(app) as browser:
        await browser.open_session("nina")
        await choose(browser, digest="never")
        await like(await nina.write_post(), robin)
        await mail_all(app)
        assert await mail_all(app, tomorrow(9)) == []
        # What was not to be mailed stays so.
        await choose(browser)
        assert await mail_all(app, tomorrow(12)) == []


async def test_what_waits_is_not_mailed_once_its_kind_is_not_wanted(
    app: Broadside, crowd: dict[str, Person]
) -> None:
    nina, robin, *_ = crowd.values()
    await like(await nina.write_post("Trams"), robin)
    await robin.put("/users/nina/follow")
    assert await mail_all(app) == []
    await nina.patch("/me/mail-settings", json={"like": "never"})
    (digest,) = await mail_all(app, tomorrow())
    assert "robin started following you" in digest.text
    assert "Trams" not in digest.text


async def test_a_digest_that_waits_to_be_sent_is_replaced_when_something_in_it_is_gone(
    app: Broadside, crowd: dict[str, Person], working: Working, inbox: Inbox
) -> None:
    nina, robin, bob, carla, _ = crowd.values()
    trams, buses = await nina.write_post("Trams"), await nina.write_post("Buses")
    await like(trams, robin, bob)
    await like(buses, carla)
    await mail_all(app)
    (first,) = await mail_all(app, tomorrow())
    await nina.put("/users/carla/block")

    async def is_withdrawn() -> bool:
        return first.id not in {each.id for each in await outbox(app)}

    async with working():
        await until(is_withdrawn)
        assert inbox.envelopes == []
        (second,) = await mail_all(app, tomorrow())
        (message,) = await inbox.holds(1)
    assert message["Message-ID"].startswith(f"<{second.message_id}@")
    body = message.get_body(("plain",))
    assert body is not None
    assert "bob and robin liked “Trams”" in body.get_content()
    assert "Buses" not in body.get_content()
    assert [each.id for each in await mail_all(app, tomorrow(2))] == [second.id], "nothing is new"


async def test_who_hides_like_counts_reads_of_no_number(
    app: Broadside, crowd: dict[str, Person]
) -> None:
    nina, *others = crowd.values()
    post_id = await nina.write_post("Trams")
    await like(post_id, *others)
    async with Browser(app) as browser:
        await browser.open_session("nina")
        choice = {"theme": "system", "hides_like_counts": "true"}
        await browser.submit("/appearance", choice, page="/appearance")
        page = (await browser.get("/notifications")).text
    told = "dan and others liked “Trams”"
    assert told in page and "3 others" not in page
    assert await nina.texts() == [told]
    await mail_all(app)
    (mail,) = await mail_all(app, tomorrow())
    assert told in mail.text and "3 others" not in mail.text + mail.html
