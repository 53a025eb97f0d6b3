"""Checking the moderation log of a site that runs, as a stranger does."""

import asyncio
import os
from pathlib import Path

from blog.core.auth import audit, moderation_log
from blog.core.auth.viewer import OPERATOR
from blog.models import Act, LogEntry
from tests.browser.sample_site import app_of
from tests.servers import PROGRAMS, free_port, serving
from tests.support import add_user


async def verified(*options: str) -> tuple[int | None, str]:
    """The exit code and the output of the command, without any settings of the site."""
    process = await asyncio.create_subprocess_exec(
        PROGRAMS / "blog", "moderation", "verify", *options,
        env={"PATH": os.environ["PATH"]}, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_a_stranger_verifies_the_log_of_a_site_over_http(
    tmp_path: Path, site_url: str
) -> None:
    async with serving(tmp_path, database_url=site_url) as server:
        address = f"{server.url}/moderation/log.ndjson"
        code, output = await verified("--url", address)
        assert (code, "Entries: 0" in output) == (0, True), output
        app = app_of(tmp_path, site_url)
        await app.database.open()
        person = await add_user(app, "person")
        async with app.database.session() as session:
            for number in range(3):
                entry = audit.record(session, OPERATOR, Act.HIDE_POST, person, post=number)
                await moderation_log.publish(session, entry)
            await session.commit()
            first = await session.get(LogEntry, 1)
        await app.database.close()
        assert first is not None
        code, output = await verified("--url", address, "--contains", first.hash)
        assert (code, "Entries: 3" in output) == (0, True), output
        code, output = await verified("--url", address, "--contains", "0" * 64)
        assert (code, "doesn't contain" in output) == (1, True), output
        code, output = await verified("--url", f"{server.url}/missing")
        assert (code, "can't be read" in output) == (1, True), output
    nobody = f"http://127.0.0.1:{free_port()}/moderation/log.ndjson"
    for wrong, expected in ((nobody, 1), ("ftp://127.0.0.1/", 2), ("http://[", 2)):
        code, output = await verified("--url", wrong)
        assert code == expected, output
        assert "Traceback" not in output
