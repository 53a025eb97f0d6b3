"""Liveness and readiness probes."""

import pytest
from sqlalchemy import text

from blog.core.web.app import Broadside
from tests.support import Browser


async def test_a_running_process_is_alive_without_the_database(browser: Browser) -> None:
    answer = await browser.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert '"0 statements"' in answer.headers["server-timing"]


@pytest.mark.parametrize(
    ("revision", "expected"),
    [
        # A site that was restored from an older backup.
        ("6a1c84e2f07b", (503, {"status": "the schema is not up to date"})),
        # An update whose new code has migrated while this process still serves.
        ("of_tomorrow", (200, {"status": "ready"})),
    ],
)
async def test_a_process_is_ready_when_the_database_has_what_it_was_started_with(
    app: Broadside, browser: Browser, revision: str, expected: tuple[int, dict[str, str]]
) -> None:
    assert (await browser.get("/readyz")).json() == {"status": "ready"}
    async with app.database.engine.begin() as connection:
        newest = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        await connection.execute(
            text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision}
        )
    try:
        answer = await browser.get("/readyz")
    finally:
        async with app.database.engine.begin() as connection:
            await connection.execute(
                text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest}
            )
    assert (answer.status_code, answer.json()) == expected


async def test_a_hanging_database_is_reported_soon_and_probed_once(
    app: Broadside, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blog.core.web.probe.PROBE_SECONDS", 0.1)
    async with app.database.engine.connect() as connection:
        await connection.execute(text("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"))
        for _ in range(5):
            answer = await browser.get("/readyz")
            assert (answer.status_code, answer.json()) == (
                503,
                {"status": "the database does not answer"},
            )
            assert answer.headers["cache-control"] == "no-store"
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        assert await connection.scalar(waiting) == 1
    assert (await browser.get("/readyz")).status_code == 200
