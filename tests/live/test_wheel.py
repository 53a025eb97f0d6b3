"""The wheel: what `pipx install` gets, without the repository."""

import asyncio
import os
import sys
from pathlib import Path

import httpx

from tests.servers import PROJECT, free_port, until

PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")


async def installed(folder: Path) -> Path:
    """The wheel, built from the repository and unpacked into a folder."""
    to = folder / "installed"
    options = ("install", "--no-deps", "--no-build-isolation", "--target", str(to), str(PROJECT))
    process = await asyncio.create_subprocess_exec(*PIP, *options)
    assert await process.wait() == 0
    return to


async def test_an_installed_site_is_served_from_an_empty_folder(tmp_path: Path) -> None:
    packages = await installed(tmp_path)
    home, port = tmp_path / "home", free_port()
    home.mkdir()
    # The repository is installed too, as editable: this one comes before it.
    environment = os.environ | {"PYTHONPATH": str(packages), "PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "blog", "serve",
        cwd=home, env=environment, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as visitor:

            async def is_there() -> bool:
                assert process.returncode is None
                try:
                    return (await visitor.get("/healthz")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(is_there)
            page = await visitor.get("/")
            assert page.status_code == 200
            style = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
            assert (await visitor.get(style)).status_code == 200
            font = page.text.partition('rel="preload" href="')[2].partition('"')[0]
            assert (await visitor.get(font)).content.startswith(b"wOF2")
            assert (await visitor.get("/api/v1/posts/")).status_code == 200
    finally:
        process.terminate()
        await process.wait()
    assert {entry.name for entry in home.iterdir()} == {"var"}
