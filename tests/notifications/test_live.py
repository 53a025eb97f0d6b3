"""Live updates: what a browser is told while its pages are open."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import LoginSession, Notification, NotificationItem, User
from blog.notifications.live import hub as hubs
from blog.notifications.live import streams
from tests.notifications.listening import Listening
from tests.notifications.support import people
from tests.servers import until
from tests.support import Browser
from tests.test_hidden_people import RELATIONS, relate


def _no_connection_is_taken(app: Broadside) -> Callable[[], Awaitable[bool]]:
    async def is_free() -> bool:
        return bool(app.database.reading_engine.pool.checkedout() == 0)  # type: ignore[attr-defined]

    return is_free


async def test_a_stream_that_begins_again_tells_all_that_has_changed_meanwhile(
    app: Broadside,
) -> None:
    async with people(app, "susan", "nina") as them, Browser(app) as browser:
        susan, nina = them["susan"], them["nina"]
        post = await susan.write_post()
        await browser.open_session("susan")
        async with Listening(browser, f"/notifications/stream?post={post}&post=x") as stream:
            assert stream.status == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["cache-control"] == "no-store"
            assert stream.headers["x-accel-buffering"] == "no"
            assert not {"etag", "content-encoding"} & stream.headers.keys()
            await stream.event("unread", unread=0)
            await stream.event("comments", post=post, count=0)
            assert stream.text.startswith("retry: ")
            await nina.comment(post)
            last = await stream.event("unread", unread=1, is_new=True)
            await stream.event("comments", post=post, count=1)
            await until(_no_connection_is_taken(app))
            await susan.patch("/notifications/", json={"read": True})
            await stream.event("unread", unread=0, is_new=False)
        # Something came, was read or taken back, and came again, with no stream open.
        gone = await nina.comment(post)
        await nina.delete(f"/comments/{gone}")
        await nina.comment(post)
        await susan.patch("/notifications/", json={"read": True})
        await nina.put(f"/posts/{post}/like")
        for given, is_new in ((last, True), ("9" * 18, False), ("-1", False), ("x' --", False)):
            headers = {"last-event-id": given}
            address = f"/notifications/stream?post={post}"
            async with Listening(browser, address, **headers) as stream:
                await stream.event("unread", unread=1, is_new=is_new)
                await stream.event("comments", post=post, count=2)


@pytest.mark.parametrize("relation", RELATIONS)
async def test_comments_by_muted_and_blocked_people_are_not_told_of(
    app: Broadside, relation: str
) -> None:
    async with people(app, "susan", "nina", "robin") as them, Browser(app) as browser:
        susan, nina, robin = them.values()
        post = await robin.write_post()
        await nina.comment(post)
        await relate(app, relation, susan.id, nina.id)
        await robin.comment(post)
        await browser.open_session("susan")
        page = (await browser.get(f"/post/{post}/trams")).text
        assert f'data-post="{post}" data-count="1"' in page
        async with Listening(browser, f"/notifications/stream?post={post}") as stream:
            await stream.event("comments", count=1)
            await nina.comment(post)
            await robin.comment(post)
            await stream.event("comments", count=2)
            assert '"count": 3' not in stream.text


async def test_what_no_commit_has_told_of_is_found_by_asking(
    susan: User, susans_browser: Browser, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the connection that hears of commits was lost at that moment."""
    monkeypatch.setattr(hubs, "POLL_SECONDS", 0.1)
    async with Listening(susans_browser) as stream:
        await stream.event("unread", unread=0)
        line = Notification(user_id=susan.id, kind="follow")
        db.add(line)
        await db.flush()
        db.add(NotificationItem(notification_id=line.id, user_id=susan.id))
        await db.commit()
        await stream.event("unread", unread=1, is_new=True)


async def test_a_stream_without_news_shows_that_it_is_alive(
    susans_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.1)
    async with Listening(susans_browser) as stream:

        async def beats() -> bool:
            return stream.text.endswith(":\n\n" * 3)

        await until(beats)


@pytest.mark.parametrize("reason", ["logged out", "disabled"])
async def test_a_stream_ends_with_its_session(
    app: Broadside, susan: User, susans_browser: Browser, db: AsyncSession, reason: str
) -> None:
    async with Listening(susans_browser) as stream:
        await stream.event("unread", unread=0)
        if reason == "disabled":
            await db.execute(update(User).values(disabled_at=susan.created_at))
        else:
            await db.execute(delete(LoginSession))
        await db.commit()
        app.extensions["live"]._on_notify("")
        await stream.ended()


async def test_streams_are_limited_and_strangers_get_none(
    susans_browser: Browser, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "MOST_PER_PERSON", 1)
    assert (await susans_browser.head("/notifications/stream")).status_code == 200
    async with Listening(susans_browser) as first, Listening(susans_browser) as second:
        assert (first.status, second.status) == (200, 503)
        assert "too many live updates" in second.text
    async with Listening(susans_browser) as again, Listening(browser) as stranger:
        assert (again.status, stranger.status) == (200, 204)
