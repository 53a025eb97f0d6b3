"""Several processes on one embedded server, and on one `VAR_DIR`."""

import asyncio
import stat
from pathlib import Path

import httpx

from tests.servers import ALEMBIC, run, serving
from tests.template import copy_data


async def test_simultaneous_first_starts_agree_on_the_server_and_the_secret(
    tmp_path: Path,
) -> None:
    results = await asyncio.gather(
        run(tmp_path, "blog", "deploy", secret_key=""),
        run(tmp_path, "blog", "deploy", secret_key=""),
        run(tmp_path, *ALEMBIC, "upgrade", "head", secret_key=""),
    )
    assert [code for code, _ in results] == [0, 0, 0], results
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert names_in(tmp_path) == ["postgres", "postgres.lock", "postgres.users", "secret_key"]
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


async def test_workers_alembic_and_commands_share_one_server(tmp_path: Path) -> None:
    await asyncio.to_thread(copy_data, tmp_path)
    async with (
        serving(tmp_path, web_concurrency=2) as server,
        httpx.AsyncClient(base_url=server.url, timeout=60) as client,
    ):
        checked, promoted, page = await asyncio.gather(
            run(tmp_path, *ALEMBIC, "check"),
            run(tmp_path, "blog", "user", "promote", "nobody"),
            client.get("/"),
        )
        assert checked == (0, "No new upgrade operations detected.\n")
        assert promoted == (1, "Error: there's no user nobody\n")
        assert page.status_code == 200
        assert (await client.get("/")).status_code == 200, "the others did not stop the server"


def names_in(folder: Path) -> list[str]:
    """What is in it, in order."""
    return sorted(path.name for path in folder.iterdir())
