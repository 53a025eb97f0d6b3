"""Pages are stored for long under their surrogate keys, and purged by them when they change."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from sqlalchemy import func, select, text, update

from blog import create_app
from blog.core.jobs.claims import Claimed
from blog.core.jobs.kinds import TryLaterError
from blog.core.jobs.queue import ensure_periodic_jobs
from blog.core.jobs.running import RunningJob
from blog.core.purging.marks import mark
from blog.core.web.app import Broadside
from blog.models import StaleKey, User
from blog.purging.jobs import PURGE_PAGES
from settings import Settings
from tests.api.support import Client, add_token
from tests.jobs import stored_jobs
from tests.media.test_imports import OtherSite, listening
from tests.servers import until
from tests.support import Browser

OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture
async def cache() -> AsyncIterator[OtherSite]:
    """A cache on this machine, which notes what it is asked to forget."""
    async with listening(OtherSite()) as site:
        site.answers["/purge"] = OK.encode()
        yield site


Started = Callable[..., Broadside]


@pytest.fixture
def started(app: Broadside, make_settings: Callable[..., Settings], cache: OtherSite) -> Started:
    """Make an application whose pages are purged from that cache."""
    url = f"http://127.0.0.1:{cache.port}/purge"
    return lambda kind: create_app(
        make_settings(purge_url=url, purge_cache=kind, purge_token="a-token")
    )


async def settle(app: Broadside) -> None:
    """Forget the marks, as if the last change were long ago."""
    async with app.database.session() as session:
        await session.execute(text("DELETE FROM stale_keys"))
        await session.commit()


async def purge(app: Broadside) -> None:
    """Run the job as a worker runs it."""
    claimed = Claimed(0, PURGE_PAGES.name, {}, 1, uuid.uuid4())
    async with app.app_context():
        await PURGE_PAGES.run(RunningJob(claimed, PURGE_PAGES.every, app.database, asyncio.Event()))


async def page(app: Broadside, address: str = "/", **headers: str) -> httpx.Headers:
    async with Browser(app) as browser:
        return (await browser.get(address, headers=headers)).headers


LONG = "public, max-age=0, s-maxage=3600, stale-while-revalidate=60"


@pytest.mark.parametrize(
    ("kind", "name", "keys"),
    [
        ("fastly", "surrogate-key", "newest post-1 site user-1"),
        ("varnish", "xkey", "newest post-1 site user-1"),
        ("cloudflare", "cache-tag", "newest,post-1,site,user-1"),
    ],
)
async def test_a_page_names_what_it_shows_and_is_stored_for_long(
    started: Started, susan: User, kind: str, name: str, keys: str
) -> None:
    app = started(kind)
    async with app.test_app():
        async with Client(app, token=await add_token(app, susan)) as client:
            await client.post("/posts/", json={"body": "x"})
        await settle(app)
        found = await page(app)
        assert (found["cache-control"], found[name]) == (LONG, keys)
        assert found["x-accel-expires"] == "0", "nginx would keep what was purged elsewhere"
        assert "Cookie" in found["vary"]


@pytest.mark.parametrize("address", ["/?page=2", "/explore", "/tags", "/auth/login", "/nowhere"])
async def test_a_page_of_unknown_content_is_not_stored_for_long(
    started: Started, address: str
) -> None:
    app = started("fastly")
    async with app.test_app():
        await settle(app)
        found = await page(app, address)
        assert "s-maxage" not in found.get("cache-control", "")
        assert "surrogate-key" not in found


async def test_a_page_that_has_just_changed_is_not_stored_for_long(
    started: Started, cache: OtherSite, susan: User
) -> None:
    """It may have been read before the change, or from a replica that is behind."""
    app = started("fastly")
    async with app.test_app():
        await settle(app)
        async with Client(app, token=await add_token(app, susan)) as client:
            await client.post("/posts/", json={"body": "x"})
        assert (await page(app))["cache-control"] == "private, no-cache"
        await purge(app)
        assert (await page(app))["cache-control"] == "private, no-cache", "until it is purged again"
        async with app.database.session() as session:
            await session.execute(update(StaleKey).values(due_at=func.now()))
            await session.commit()
        await purge(app)
        assert (await page(app))["cache-control"] == LONG
        assert len(cache.asked) == 2


@pytest.mark.parametrize(
    ("kind", "line", "sent"),
    [
        ("fastly", b"POST", {b"Surrogate-Key: a b", b"Fastly-Key: a-token"}),
        ("varnish", b"PURGE", {b"xkey: a b", b"Authorization: Bearer a-token"}),
        ("cloudflare", b"POST", {b"Authorization: Bearer a-token"}),
    ],
)
async def test_a_cache_is_asked_as_it_wants_to_be(
    started: Started, cache: OtherSite, kind: str, line: bytes, sent: set[bytes]
) -> None:
    app = started(kind)
    async with app.test_app():
        await settle(app)
        async with app.database.session() as session:
            await mark(session, "b", "a")
            await session.commit()
        await purge(app)
    (request,) = cache.asked
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(line + b" /purge HTTP/1.1\r\n")
    assert sent <= set(head.split(b"\r\n"))
    assert not body or json.loads(body) == {"tags": ["a", "b"]}


async def test_a_thousand_changes_are_few_requests(started: Started, cache: OtherSite) -> None:
    app = started("fastly")
    async with app.test_app():
        await settle(app)
        for number in range(1_000):
            async with app.database.session() as session:
                await mark(session, f"post-{number % 150}")
                await session.commit()
        await purge(app)
    assert len(cache.asked) == 2, "of a hundred keys, and of fifty"


async def test_the_start_of_a_process_purges_everything(started: Started, cache: OtherSite) -> None:
    app = started("fastly")
    async with app.test_app():
        await purge(app)
    (request,) = cache.asked
    assert b"Surrogate-Key: site\r\n" in request


async def test_no_job_is_left_to_be_overdue_once_purging_is_turned_off(
    app: Broadside, make_settings: Callable[..., Settings]
) -> None:
    await ensure_periodic_jobs(app.database, [PURGE_PAGES])
    other = create_app(make_settings(background_worker="internal"))

    async def is_gone() -> bool:
        return PURGE_PAGES.name not in {job.kind for job in await stored_jobs(app)}

    async with other.test_app():
        await until(is_gone)


async def test_what_could_not_be_purged_is_tried_again(started: Started, cache: OtherSite) -> None:
    cache.has("/purge", b"", status="503 Service Unavailable")
    app = started("fastly")
    async with app.test_app():
        with pytest.raises(TryLaterError, match="503"):
            await purge(app)
        await purge(app)
        assert len(cache.asked) == 1, "after a pause"
        async with app.database.session() as session:
            await session.execute(update(StaleKey).values(due_at=func.now()))
            await session.commit()
        cache.answers["/purge"] = OK.encode()
        await purge(app)
        assert len(cache.asked) == 2
        async with app.database.session() as session:
            assert (await session.scalars(select(StaleKey))).all() == []
