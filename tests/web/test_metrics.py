"""The metrics, and access to them."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, insert, text, update

from blog import create_app
from blog.core.web.app import Broadside
from blog.models import Email, EmailState, Job
from settings import Settings
from tests.conftest import RunningApp
from tests.servers import until
from tests.support import Browser

LOCAL = "http://127.0.0.1:5000"
TOKEN = "the token of the machine that watches"


def client_from(app: Broadside, address: str | None, base_url: str = LOCAL) -> httpx.AsyncClient:
    """A program at a network address, or at the other end of a Unix socket."""
    transport = httpx.ASGITransport(app, client=(address, 1) if address else None)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=base_url)


async def samples(app: Broadside) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """All figures, as Prometheus reads them."""
    async with client_from(app, "127.0.0.1") as prometheus:
        answer = await prometheus.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def figure(app: Broadside, name: str, **labels: str) -> float:
    return (await samples(app)).get((f"broadside_{name}", frozenset(labels.items())), 0)


async def test_requests_are_counted_by_route_method_and_status(
    app: Broadside, browser: Browser
) -> None:
    async def counts() -> list[float]:
        found = await samples(app)
        labels = [
            {"method": "GET", "route": "/user/<username>", "status": "404"},
            {"method": "other", "route": "unknown", "status": "404"},
        ]
        numbers = [
            found.get(("broadside_requests_total", frozenset(each.items())), 0) for each in labels
        ]
        seconds = {"method": "GET", "route": "/user/<username>", "le": "10.0"}
        key = ("broadside_request_seconds_bucket", frozenset(seconds.items()))
        return [*numbers, found.get(key, 0)]

    before = await counts()
    for name in ("one", "two"):
        await browser.get(f"/user/{name}")
    for method in ("INVENTED", "OTHER", "THIRD"):
        await browser.request(method, f"/{method}")
    assert [new - old for new, old in zip(await counts(), before, strict=True)] == [2, 3, 2]
    everything = str(await samples(app))
    assert "INVENTED" not in everything
    assert "/user/one" not in everything


async def test_requests_in_progress_are_counted(app: Broadside, browser: Browser) -> None:
    async def observe() -> dict[str, float]:
        found = await samples(app)
        return {
            "requests": found["broadside_requests_in_progress", frozenset()],
            "connections": found[
                "broadside_database_pool_in_use", frozenset({("server", "primary")})
            ],
            "running": found["broadside_password_hashes_running", frozenset()],
            "waiting": found["broadside_password_hashes_waiting", frozenset()],
        }

    idle = {"requests": 1, "connections": 0, "running": 0, "waiting": 0}

    # Earlier requests leave work in the background and open sessions, which hold connections for
    # a moment.
    async def nothing_is_under_way() -> bool:
        return await observe() == idle

    async def two_connections_are_counted() -> bool:
        async with app.database.engine.connect(), app.database.engine.connect():
            return await observe() == idle | {"connections": 2}

    async def the_login_waits() -> bool:
        found = await observe()
        return (found["requests"], found["waiting"]) == (2, 1)

    await until(nothing_is_under_way)
    await until(two_connections_are_counted)
    async with app.passwords.slots, app.passwords.slots:
        form = {"email": "susan", "password": "secret"}
        login = asyncio.create_task(browser.submit("/auth/login", form))
        await until(the_login_waits)
    assert (await login).status_code == 422
    await until(nothing_is_under_way)


async def test_the_outbox_is_measured_without_counting_what_was_sent(
    app: Broadside, browser: Browser
) -> None:
    mail = {"purpose": "x", "recipient": "x@example.com", "subject": "", "text": "", "html": ""}
    states = ["queued", "queued", "failed", *["sent"] * 3]
    async with app.database.engine.begin() as connection:
        await connection.execute(insert(Email), [mail | {"state": state} for state in states])
        await connection.execute(
            update(Email)
            .where(Email.state == EmailState.QUEUED)
            .values(due_at=func.now() - text("interval '1 minute'"))
        )
    found = await samples(app)
    by_state = {
        dict(labels)["state"]: number
        for (name, labels), number in found.items()
        if name == "broadside_outbox_messages"
    }
    assert by_state == {"queued": 2, "sending": 0, "failed": 1}
    assert 60 <= found["broadside_outbox_overdue_seconds", frozenset()] < 90
    assert found["broadside_database_up", frozenset()] == 1


async def test_jobs_are_measured(app: Broadside) -> None:
    rows = [
        {"state": state, "due_at": func.now() + text(f"interval '{minutes} minutes'")}
        for state, minutes in (("waiting", -2), ("waiting", -1), ("waiting", 5), ("failed", -90))
    ]
    async with app.database.engine.begin() as connection:
        for row in rows:
            await connection.execute(insert(Job).values(kind="x", payload={}, **row))
    found = await samples(app)
    by_state = {
        dict(labels)["state"]: number
        for (name, labels), number in found.items()
        if name == "broadside_jobs"
    }
    assert by_state == {"failed": 1, "running": 0, "waiting": 2, "scheduled": 1}
    assert 120 <= found["broadside_jobs_overdue_seconds", frozenset()] < 150


async def test_the_figures_are_shown_while_the_database_hangs(
    app: Broadside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blog.core.web.probe.PROBE_SECONDS", 0.1)
    async with app.database.engine.connect() as connection:
        await connection.execute(text("LOCK TABLE emails IN ACCESS EXCLUSIVE MODE"))
        found = await samples(app)
        assert found["broadside_database_up", frozenset()] == 0
        assert "process_resident_memory_bytes" in str(found)
        assert "broadside_outbox_messages" not in str(found)


@pytest.fixture(scope="module")
async def guarded(
    running_app: RunningApp, make_settings: Callable[..., Settings]
) -> AsyncIterator[Broadside]:
    """An application with a token for its figures."""
    async with (started := create_app(make_settings(metrics_token=TOKEN))).test_app():
        yield started


@pytest.mark.parametrize(
    ("sender", "base_url", "headers", "status"),
    [
        ("127.0.0.1", LOCAL, {}, 200),
        ("127.9.9.9", "http://localhost:5000", {}, 200),
        ("::1", "http://[::1]:5000", {}, 200),
        ("::ffff:127.0.0.1", LOCAL, {}, 200),
        # What a proxy on this machine hands on is not from here.
        ("127.0.0.1", LOCAL, {"X-Forwarded-For": "203.0.113.9"}, 404),
        ("127.0.0.1", LOCAL, {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("127.0.0.1", LOCAL, {"Forwarded": "for=203.0.113.9"}, 404),
        ("127.0.0.1", LOCAL, {"X-Real-IP": "203.0.113.9"}, 404),
        ("127.0.0.1", LOCAL, {"X-Forwarded-Proto": "https"}, 404),
        ("127.0.0.1", LOCAL, {"Via": "1.1 proxy"}, 404),
        ("127.0.0.1", "https://blog.test", {}, 404),
        (None, LOCAL, {}, 404),
        ("203.0.113.9", LOCAL, {}, 404),
        ("203.0.113.9", "https://blog.test", {"Authorization": f"Bearer {TOKEN}"}, 200),
        ("127.0.0.1", "https://blog.test", {"Authorization": f"bearer {TOKEN}"}, 200),
        ("203.0.113.9", LOCAL, {"Authorization": f"Bearer {TOKEN}x"}, 404),
        ("203.0.113.9", LOCAL, {"Authorization": "Bearer"}, 404),
        ("203.0.113.9", LOCAL, {"Authorization": f"Basic {TOKEN}"}, 404),
        ("203.0.113.9", LOCAL, {"Authorization": "Bearer \xff"}, 404),
    ],
)
async def test_the_figures_are_for_this_machine_and_for_the_token(
    guarded: Broadside, sender: str | None, base_url: str, headers: dict[str, str], status: int
) -> None:
    async with client_from(guarded, sender, base_url) as client:
        encoded = {name: value.encode("latin1") for name, value in headers.items()}
        assert (await client.get("/metrics", headers=encoded)).status_code == status


async def test_without_a_token_no_other_machine_may_read_them(app: Broadside) -> None:
    async with client_from(app, "203.0.113.9") as client:
        for token in ("", "None", TOKEN):
            answer = await client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 404
