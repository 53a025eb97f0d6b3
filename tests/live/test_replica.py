"""A primary and a streaming replica: routing of reads, and failures of either."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psutil
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from blog import create_app
from blog.cli.deploy import migrate
from blog.core.crypto.passwords import Passwords
from blog.core.db import replica as module
from blog.core.db.replica import WRITTEN
from blog.core.db.replicas import Replicas
from blog.core.web.app import Broadside
from blog.models import Post, User
from database_urls import postgresql_url
from settings import Settings
from tests.api.support import add_token
from tests.live.postgres import ExternalPostgres, Standby
from tests.servers import serving, until
from tests.support import PASSWORD, Browser, Visitor, add_user, link_in, outbox

TAKEOVER_SECONDS = 10
ALL_WRITTEN = text("SELECT pg_current_wal_insert_lsn()")
HAS_REPLAYED = text("SELECT pg_last_wal_replay_lsn() >= CAST(:position AS pg_lsn)")
IS_PAUSED = text("SELECT pg_get_wal_replay_pause_state() = 'paused'")


@pytest.fixture(scope="module")
async def primary(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ExternalPostgres]:
    async with ExternalPostgres(tmp_path_factory.mktemp("primary") / "data") as server:
        yield server


@pytest.fixture(scope="module")
async def standby(
    primary: ExternalPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Standby]:
    async with Standby(tmp_path_factory.mktemp("standby") / "data", primary) as server:
        yield server


@pytest.fixture(scope="module")
async def site(
    primary: ExternalPostgres, standby: Standby, make_settings: Callable[..., Settings]
) -> AsyncIterator[Broadside]:
    """An application on both."""
    app = create_app(make_settings(database_url=primary.url(), database_replica_url=standby.url()))
    app.passwords = Passwords(time_cost=1, memory_kib=8)
    await app.database.open()
    await migrate(app.database)
    await app.database.close()
    async with app.test_app():
        await add_user(app, "susan")
        yield app


@pytest.fixture
async def reader(
    site: Broadside, primary: ExternalPostgres, standby: Standby
) -> AsyncIterator[Browser]:
    """An anonymous visitor of a site whose replica is up to date."""
    await caught_up(primary, standby)
    await until(has_replica(site))
    async with Browser(site) as visitor:
        yield visitor


@pytest.fixture
async def susan(site: Broadside, reader: Browser) -> AsyncIterator[Browser]:
    """Susan's browser, logged in."""
    async with Browser(site) as visitor:
        await visitor.log_in("susan")
        yield visitor


async def test_anonymous_readers_read_on_the_replica_and_writers_what_they_wrote(
    reader: Browser, susan: Browser, standby: Standby
) -> None:
    async with paused(standby):
        assert (await susan.submit("/", {"body": "Written just now"})).status_code == 302
        assert await shows(susan, "Written just now"), "one sees what one wrote"
        assert not await shows(reader, "Written just now"), "others read on the replica"
    await until(lambda: shows(reader, "Written just now"))


async def test_a_writer_reads_on_the_replica_again_when_it_has_caught_up(
    site: Broadside, susan: Browser, standby: Standby
) -> None:
    await susan.submit("/", {"body": "Known to the replica"})
    await until(has_replica(site, int(susan.cookies["__Host-written"])))
    async with paused(standby):
        async with site.database.session() as session:
            author = await session.scalar(text("SELECT id FROM users"))
            values = {"author_id": author, "body": "x", "body_html": "<p>By another</p>"}
            await session.execute(insert(Post).values(values | {"renderer_version": 1}))
            await session.commit()
        assert await shows(susan, "Known to the replica")
        assert not await shows(susan, "By another")


async def test_a_session_that_was_ended_is_worthless_at_once(
    site: Broadside, susan: Browser, standby: Standby
) -> None:
    async with Browser(site) as stolen:
        await stolen.log_in("susan")
        async with paused(standby):
            assert (await stolen.get("/edit-profile")).status_code == 200
            await susan.submit("/auth/sessions/end-others", page="/auth/sessions")
            assert (await stolen.get("/edit-profile")).status_code == 302


async def test_links_work_before_the_replica_knows_of_them(
    site: Broadside, reader: Browser, susan: Browser, standby: Standby
) -> None:
    async with paused(standby):
        await susan.submit("/", {"body": "Sent to a friend"})
        address = (await susan.get("/")).text.split('href="/post/')[1].split('"')[0]
        assert "Sent to a friend" in (await reader.get(f"/post/{address}")).text

        form = {"username": "david", "email": "david@example.com"}
        passwords = dict.fromkeys(["password", "password2"], PASSWORD)
        await susan.submit("/auth/logout", page="/")
        assert (await susan.submit("/auth/register", form | passwords)).status_code == 302
        (email,) = await outbox(site)
        await reader.submit(link_in(email))
        assert "Your address is confirmed" in (await reader.get("/auth/login")).text


async def test_a_client_of_the_api_reads_what_it_wrote(reader: Browser, standby: Standby) -> None:
    address, credentials = "/api/v1/posts/", ("susan@example.com", PASSWORD)
    async with paused(standby):
        answer = await reader.post(address, json={"body": "By a program"}, auth=credentials)
        assert answer.status_code == 201
        assert "By a program" in (await reader.get(address, auth=credentials)).text
        assert "By a program" not in (await reader.get(address)).text


async def test_a_program_with_a_token_reads_on_the_replica_what_it_did_not_write(
    site: Broadside, reader: Browser, susan: Browser, standby: Standby
) -> None:
    async with site.database.session() as session:
        people = (await session.scalars(select(User).where(User.username == "susan"))).all()
    writing, reading = [
        {"Authorization": f"Bearer {await add_token(site, people[0])}"} for _ in range(2)
    ]
    await until(has_replica(site, await position_of(site)))
    async with paused(standby):
        await susan.submit("/", {"body": "By a person"})
        listed = (await reader.get("/api/v1/posts/", headers=reading)).text
        assert "By a person" not in listed, "read on the replica"
        answer = await reader.post("/api/v1/posts/", json={"body": "By a token"}, headers=writing)
        assert answer.status_code == 201
        assert "By a token" in (await reader.get("/api/v1/posts/", headers=writing)).text
        assert "By a token" not in (await reader.get("/api/v1/posts/", headers=reading)).text
    await until(has_replica(site, await position_of(site)))
    assert "By a token" in (await reader.get("/api/v1/posts/", headers=reading)).text


async def test_a_replica_of_another_cluster_is_not_used(
    site: Broadside, primary: ExternalPostgres, standby: Standby,
    tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    async with ExternalPostgres(tmp_path_factory.mktemp("another") / "data") as another:
        both = postgresql_url(
            standby.url().replace(f":{standby.port}", f":{standby.port},127.0.0.1:{another.port}")
        )
        replicas = Replicas(both, site.database)
        replicas.open()
        try:
            known, unknown = replicas

            async def one_is_used() -> bool:
                return known.has(0) and "another database cluster" in caplog.text

            await until(one_is_used)
            assert not unknown.has(0)
            assert {replicas.choose(0) for _ in range(3)} == {known}
        finally:
            await replicas.close()


async def test_a_replica_that_lags_too_far_is_not_used(
    site: Broadside, reader: Browser, susan: Browser, standby: Standby,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(module, "LONGEST_LAG", 1.0)
    async with paused(standby):
        await susan.submit("/", {"body": "Too new for it"})
        assert not await shows(reader, "Too new for it")
        await until(lambda: shows(reader, "Too new for it"))


async def test_the_death_of_the_replica_costs_no_request(
    site: Broadside, reader: Browser, susan: Browser, standby: Standby
) -> None:
    async with load(reader, susan):
        await standby.stop("immediate")
        await until(lambda: is_false(has_replica(site)))
        await standby.start()
        await until(has_replica(site))


async def test_a_replica_that_hangs_costs_some_seconds_once_but_no_request(
    site: Broadside, reader: Browser, susan: Browser, standby: Standby
) -> None:
    number = int((standby.folder / "postmaster.pid").read_text().split("\n")[0])
    postmaster = psutil.Process(number)
    processes = [postmaster, *postmaster.children()]
    async with load(reader, susan):
        for process in processes:
            process.suspend()
        try:
            await until(lambda: is_false(has_replica(site)))
            durations = []
            for _ in range(3):
                begin = time.monotonic()
                await reader.get("/")
                durations.append(time.monotonic() - begin)
            # To ask the replica in vain would take seconds each time.
            assert min(durations) < 1
        finally:
            for process in processes:
                process.resume()
        await until(has_replica(site))


async def test_a_promoted_replica_takes_writes_within_seconds(
    tmp_path_factory: pytest.TempPathFactory, make_settings: Callable[..., Settings]
) -> None:
    folder = tmp_path_factory.mktemp("failover")
    async with (
        ExternalPostgres(folder / "primary") as primary,
        Standby(folder / "standby", primary) as standby,
    ):
        several = primary.url().replace(
            f":{primary.port}", f":{primary.port},127.0.0.1:{standby.port}"
        )
        settings = {"database_url": several, "database_replica_url": standby.url()}
        async with (
            serving(folder / "var", background_worker="external", **settings) as server,
            Visitor(base_url=server.url, timeout=30) as writer,
            Visitor(base_url=server.url, timeout=30) as reader,
        ):
            await add_susan(primary, make_settings)
            await writer.log_in("susan")
            await writer.submit("/", {"body": "Before"})
            await caught_up(primary, standby)
            await until(lambda: shows(reader, "Before"))

            await primary.stop("immediate")
            assert await shows(reader, "Before"), "reading goes on without a primary"
            form = {"body": "After", "csrf_token": await reader.token("/auth/login")}
            assert (await writer.post("/", data=form)).status_code == 503

            await standby.promote()
            begin = time.monotonic()
            await until(lambda: published(writer, "After"))
            print(f"writing again {time.monotonic() - begin:.1f} s after the promotion")  # noqa: T201
            assert time.monotonic() - begin < TAKEOVER_SECONDS
            assert await shows(writer, "After")
            assert await shows(writer, "Before")
            await until(lambda: shows(reader, "After"))


async def position_of(site: Broadside) -> int:
    """The position of the primary."""
    async with site.database.session() as session:
        return int((await session.scalars(WRITTEN)).one())


async def shows(visitor: Visitor, words: str) -> bool:
    """Whether the home page of this visitor has a post with these words."""
    answer = await visitor.get("/")
    assert answer.status_code == 200, answer.text
    return words in answer.text


async def published(writer: Visitor, words: str) -> bool:
    """Whether a post could be published."""
    page = await writer.get("/")
    if page.status_code == 503:
        return False
    answer = await writer.submit("/", {"body": words})
    assert answer.status_code in {302, 503}, answer.text
    return answer.status_code == 302


def has_replica(site: Broadside, position: int = 0) -> Callable[[], Awaitable[bool]]:
    """A condition: `site` uses its replica, which has all up to `position`."""

    async def condition() -> bool:
        assert site.replicas
        return site.replicas.choose(position) is not None

    return condition


async def is_false(condition: Callable[[], Awaitable[bool]]) -> bool:
    return not await condition()


@asynccontextmanager
async def connected(server: ExternalPostgres) -> AsyncIterator[AsyncConnection]:
    """A connection that is not the site's, each statement of which sees the present."""
    engine = create_async_engine(postgresql_url(server.url()), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def caught_up(primary: ExternalPostgres, standby: Standby) -> None:
    """Wait until the standby has all that the primary has."""
    async with connected(primary) as writing, connected(standby) as following:
        position = {"position": await writing.scalar(ALL_WRITTEN)}

        async def has_replayed() -> bool:
            return bool(await following.scalar(HAS_REPLAYED, position))

        await until(has_replayed)


@asynccontextmanager
async def paused(standby: Standby) -> AsyncIterator[None]:
    """While the standby takes over nothing of what the primary writes."""
    async with connected(standby) as connection:
        await connection.execute(text("SELECT pg_wal_replay_pause()"))

        async def is_paused() -> bool:
            return bool(await connection.scalar(IS_PAUSED))

        try:
            await until(is_paused)
            yield
        finally:
            await connection.execute(text("SELECT pg_wal_replay_resume()"))


@asynccontextmanager
async def load(*visitors: Visitor) -> AsyncIterator[None]:
    """While several requests at a time read pages, none of which may fail."""
    done = asyncio.Event()
    statuses: list[int] = []

    async def read(visitor: Visitor) -> None:
        while not done.is_set() or len(statuses) < 50:
            statuses.append((await visitor.get("/")).status_code)

    readers = [asyncio.create_task(read(visitor)) for visitor in visitors for _ in range(4)]
    try:
        yield
    finally:
        done.set()
        await asyncio.gather(*readers)
    assert set(statuses) == {200}


async def add_susan(server: ExternalPostgres, make_settings: Callable[..., Settings]) -> None:
    """Add a person to the site on this server."""
    app = create_app(make_settings(database_url=server.url()))
    await app.database.open()
    await add_user(app, "susan")
    await app.database.close()
