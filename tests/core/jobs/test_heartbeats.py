"""Processes that do not match are noticed: by the log, `blog check` and a metric."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import insert

from blog.core.jobs.heartbeats import Heart, disagreements, fingerprint, own_version
from blog.core.web.app import Broadside
from blog.models import Heartbeat
from tests.web.test_metrics import client_from

KEY, OLD, OTHER = "the key of the site", "the key before it", "another key"


async def report(app: Broadside, process: str, **changes: Any) -> None:
    """Another process reports."""
    values = {
        "process": process,
        "version": own_version(),
        "signs_with": fingerprint(KEY),
        "accepts": [fingerprint(KEY)],
        "clock_offset": 0.1,
    }
    async with app.database.session() as session:
        await session.execute(insert(Heartbeat).values(values | changes))
        await session.commit()


async def findings(app: Broadside) -> Sequence[str]:
    async with app.database.session() as session:
        return [each.text for each in await disagreements(session)]


async def test_processes_with_the_same_settings_agree(app: Broadside) -> None:
    for name in ("web1", "web2"):
        await report(app, name)
    assert await findings(app) == []


async def test_differences_are_found_and_a_rotated_key_is_none(app: Broadside) -> None:
    await report(app, "web1", accepts=[fingerprint(OLD), fingerprint(KEY)])
    await report(
        app, "web2", signs_with=fingerprint(OLD), accepts=[fingerprint(KEY), fingerprint(OLD)]
    )
    assert await findings(app) == []

    await report(app, "web3", clock_offset=-300.0)
    await report(app, "web4", version="0.0.9, schema older")
    await report(app, "web5", signs_with=fingerprint(OTHER), accepts=[fingerprint(OTHER)])
    assert await findings(app) == [
        "processes have different SECRET_KEYs: web2, web5 and the others",
        f"processes have different versions: web4 0.0.9, schema older, the others {own_version()}",
        "clocks differ from the database's: web3 is 300 s behind",
    ]


async def test_a_process_reports_and_complains_once(
    app: Broadside, caplog: pytest.LogCaptureFixture
) -> None:
    await report(app, "elsewhere", signs_with=fingerprint(OTHER), accepts=[fingerprint(OTHER)])
    heart = Heart(app.database, "web", [OLD, KEY])
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await heart.step()
    complaints = [each.message for each in caplog.records if "SECRET_KEY" in each.message]
    assert len(complaints) == 1
    async with client_from(app, "127.0.0.1") as prometheus:
        metrics = await prometheus.get("/metrics")
    assert 'broadside_processes_differing{in="SECRET_KEY"} 1.0' in metrics.text
    assert 'broadside_processes_differing{in="clock"} 0.0' in metrics.text
