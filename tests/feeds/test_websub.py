"""A WebSub hub hears of what changes the feeds, on a site that has one."""

from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qsl

import pytest

from blog import create_app
from blog.background_jobs import JOBS
from blog.core.web.app import Broadside
from blog.models import JobState, User
from settings import Settings
from tests.api.support import Client, add_token
from tests.feeds.support import ATOM, valid_atom, valid_json_feed
from tests.jobs import at_work, finish_jobs, stored_jobs
from tests.media.test_imports import OtherSite, there
from tests.servers import until
from tests.support import Browser

__all__ = ["there"]
HUB = "http://photos.example/hub"
TOPICS = [
    f"https://blog.test{path}"
    for path in (
        "/feed.atom", "/feed.json", "/user/susan/feed.atom", "/user/susan/feed.json",
    )
]  # fmt: skip


@pytest.fixture
async def pushing(
    app: Broadside, make_settings: Callable[..., Settings]
) -> AsyncIterator[Broadside]:
    """An application on the same site, with a hub."""
    other = create_app(make_settings(websub_hub=HUB))
    async with other.test_app():
        yield other


async def test_the_hub_is_named_in_feeds_and_headers(pushing: Broadside, susan: User) -> None:
    async with Browser(pushing) as browser:
        answer = await browser.get("/user/susan/feed.atom")
        link = valid_atom(answer.content).find(f"{ATOM}link[@rel='hub']")
        assert link is not None
        assert link.get("href") == HUB
        assert answer.headers["link"] == f'<{HUB}>; rel="hub", <{TOPICS[2]}>; rel="self"'
        feed = valid_json_feed((await browser.get("/feed.json")).content)
        assert feed["hubs"] == [{"type": "WebSub", "url": HUB}]


async def test_the_hub_is_told_of_a_post_once_it_is_published(
    pushing: Broadside, there: OtherSite, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.has("/hub", b"", status="204 No Content")
    hub = f"http://photos.example:{there.port}/hub"
    monkeypatch.setattr("blog.core.web.fetching.validate_url", lambda *_: hub)
    async with Client(pushing, token=await add_token(pushing, susan)) as client:
        draft = (await client.post("/posts/", json={"body": "x", "status": "draft"})).json()
        assert await stored_jobs(pushing) == []
        await client.patch(draft["url"], json={"status": "published"})
        await client.patch(draft["url"], json={"body": "y"})
        (job,) = await stored_jobs(pushing)
        assert job.kind == "ping_hub"
        await finish_jobs(pushing, "ping_hub")
        (request,) = there.asked
        assert request.startswith(b"POST /hub HTTP/1.1\r\n")
        assert b"Broadside (+https://blog.test)" in request
        sent = parse_qsl(request.partition(b"\r\n\r\n")[2].decode())
        assert sent == [("hub.mode", "publish"), *(("hub.url", topic) for topic in TOPICS)]


async def test_the_hub_is_told_of_a_post_with_tags_for_each_of_them(
    pushing: Broadside, there: OtherSite, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.has("/hub", b"", status="204 No Content")
    hub = f"http://photos.example:{there.port}/hub"
    monkeypatch.setattr("blog.core.web.fetching.validate_url", lambda *_: hub)
    async with Client(pushing, token=await add_token(pushing, susan)) as client:
        await client.post("/posts/", json={"body": "x", "tags": ["Old ships", "C++"]})
        await client.post("/posts/", json={"body": "y", "tags": ["c++"]})
    await finish_jobs(pushing, "ping_hub")
    sent = [parse_qsl(request.partition(b"\r\n\r\n")[2].decode()) for request in there.asked]
    told = [dict(each)["hub.url"] for each in sent]
    async with Browser(pushing) as browser:
        assert len(told) == 3
        for tag in ("old ships", "c++"):
            answer = await browser.get(f"/tag/{tag}/feed.json")
            own = answer.headers["link"].partition('>; rel="self"')[0].rpartition("<")[2]
            assert own in told


async def test_a_hub_that_does_not_answer_is_asked_again_later(
    pushing: Broadside, there: OtherSite, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.has("/hub", b"", status="503 Service Unavailable")
    hub = f"http://photos.example:{there.port}/hub"
    monkeypatch.setattr("blog.core.web.fetching.validate_url", lambda *_: hub)
    async with Client(pushing, token=await add_token(pushing, susan)) as client:
        await client.post("/posts/", json={"body": "x"})

    async def waits_again() -> bool:
        (job,) = await stored_jobs(pushing)
        return job.state == JobState.WAITING and job.attempts == 1

    async with at_work(pushing, *(kind for kind in JOBS if kind.name == "ping_hub")):
        await until(waits_again)
    (job,) = await stored_jobs(pushing)
    assert "status 503" in (job.last_error or "")


async def test_without_a_hub_nothing_is_sent(app: Broadside, susans_browser: Browser) -> None:
    await susans_browser.submit("/", {"body": "x"})
    assert await stored_jobs(app) == []
    assert "link" not in (await susans_browser.get("/feed.atom")).headers
