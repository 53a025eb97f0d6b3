"""The settings' file that a service manager's units and the command line share."""

import asyncio
import signal
from pathlib import Path

import httpx

from tests.servers import run, serving, workers_of


async def test_a_reload_reads_the_file_again_and_commands_read_the_same(
    tmp_path: Path, database_url: str
) -> None:
    file = tmp_path / "broadside.env"
    file.write_text('SITE_NAME=Before\nMAIL_SENDER="The Blog <post@blog.example>"\n')
    settings = {"database_url": database_url, "env_file": file}
    async with (
        serving(tmp_path, **settings) as server,
        httpx.AsyncClient(base_url=server.url, timeout=60) as visitor,
    ):
        assert "Before" in (await visitor.get("/auth/login")).text
        file.write_text(file.read_text().replace("Before", "After"))
        (before,) = workers_of(server)
        server.send(signal.SIGHUP)
        await asyncio.to_thread(before.wait, 15)
        page = (await visitor.get("/auth/login")).text
        assert "After" in page
        assert "Before" not in page
        code, output = await run(
            tmp_path, "blog", "shell", typed="print(app.settings.mail_sender)\n", **settings
        )
    assert (code, output) == (0, "The Blog <post@blog.example>\n")


async def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "none.env"
    code, output = await run(tmp_path, "blog", "check", env_file=file)
    assert (code, output) == (
        1, f"settings: {file}: this file, named by ENV_FILE, doesn't exist\n"
    )  # fmt: skip
