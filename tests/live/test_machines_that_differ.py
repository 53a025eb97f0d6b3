"""Machines of one site with other clocks or versions: it works, and one line names them."""

import asyncio
import re
from pathlib import Path

import httpx

from tests.browser.sample_site import app_of
from tests.databases import create_database
from tests.live.cluster.drills import copy_with_migration
from tests.live.remote_browser import RemoteBrowser
from tests.servers import Server, run, serving, until
from tests.support import add_user

PRODUCTION: dict[str, object] = {
    "env": "production", "base_url": "https://blog.test", "trusted_proxies": 1,
    "background_worker": "external",
}  # fmt: skip


async def differing(server: Server, subject: str) -> float:
    """The metric of a server."""
    async with httpx.AsyncClient(timeout=60) as prometheus:
        text = (await prometheus.get(f"{server.url}/metrics")).text
    found = re.search(rf'broadside_processes_differing{{in="{subject}"}} (\S+)', text)
    assert found, text
    return float(found[1])


async def site_with_susan(database_url: str, name: str, folder: Path) -> str:
    """The address of the database of a site with one member."""
    url = await create_database(database_url, name)
    app = app_of(folder, url)
    await app.database.open()
    await add_user(app, "susan")
    await app.database.close()
    return url


async def is_named(server: Server, subject: str, log: Path, words: str) -> None:
    """Wait until the metric of a server and the log of another one tell of a difference."""

    async def they_do() -> bool:
        return await differing(server, subject) == 1 and words in log.read_text()

    await until(they_do)
    lines = [line for line in log.read_text().splitlines() if "jobs.heartbeats" in line]
    assert len(lines) == 1, lines


async def test_a_machine_whose_clock_is_ahead_is_named_and_its_visitors_stay_logged_in(
    tmp_path: Path, database_url: str
) -> None:
    url = await site_with_susan(database_url, "clocks", tmp_path / "filling")
    settings: dict[str, object] = {"database_url": url, **PRODUCTION}
    ahead, log = ("hypercorn", "tests.live.clock_ahead:app"), tmp_path / "log"
    async with (
        serving(tmp_path / "right", **settings) as right,
        serving(tmp_path / "ahead", *ahead, log_to=log, **settings) as wrong,
        RemoteBrowser(right) as at_right,
        RemoteBrowser(wrong) as at_wrong,
    ):
        # A load balancer sends each request of a browser to any machine.
        at_right._cookies = at_wrong._cookies
        await at_wrong.log_in("susan")
        for number, (one, other) in enumerate([(at_wrong, at_right), (at_right, at_wrong)]):
            form = {"body": f"Post {number}", "csrf_token": await one.token("/")}
            assert (await other.post("/", data=form)).status_code == 302
            assert f"Post {number}" in (await one.get("/user/susan")).text
        await is_named(right, "clock", log, " s ahead")
        _, output = await run(tmp_path / "right", "blog", "check", **settings)
    assert re.search(r"warning  Processes .*process \d+ on \S+ is (299|300) s ahead; ", output)


async def test_the_version_before_goes_on_after_a_migration_but_does_not_start_again(
    tmp_path: Path, database_url: str
) -> None:
    url = await site_with_susan(database_url, "versions", tmp_path / "filling")
    settings: dict[str, object] = {"database_url": url, **PRODUCTION}
    release = await asyncio.to_thread(copy_with_migration, tmp_path / "release")
    newer = {"PYTHONPATH": release, **settings}
    new_code, log = ("python", "-m", "blog"), tmp_path / "log"
    async with serving(tmp_path / "old", **settings) as old, RemoteBrowser(old) as browser:
        await browser.log_in("susan")
        early = await run(tmp_path / "early", *new_code, "serve", **newer)
        assert early == (1, "Error: the schema is not up to date: run blog deploy\n")
        assert (await run(tmp_path / "new", *new_code, "deploy", **newer))[0] == 0
        assert (await browser.get("/readyz")).status_code == 200
        assert (await browser.submit("/", {"body": "After the migration"})).status_code == 302
        async with (
            serving(tmp_path / "new", *new_code, "serve", log_to=log, **newer) as new,
            RemoteBrowser(new) as after,
        ):
            assert "After the migration" in (await after.get("/")).text
            await is_named(old, "version", log, "different versions")
            code, output = await run(tmp_path / "old", "blog", "check", **settings)
        assert code == 1
        assert "serious  Schema          the database is newer than this code; run the " in output
        again, output = await run(tmp_path / "again", "blog", "serve", **settings)
    assert again == 1
    assert output.startswith("Error: the database is newer than this code: run the newer code")
    assert output.count("\n") == 1
