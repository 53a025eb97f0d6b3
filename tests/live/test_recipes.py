"""The deployment files, as far as they can be tested without the server."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import click
import httpx
import pytest

from blog.cli import main
from settings import Settings
from tests.databases import create_database, drop_database
from tests.servers import PROGRAMS, PROJECT, free_port, run, serving

SHELL = "/bin/sh"
RECIPES = (
    "Dockerfile", "compose.yaml", "Procfile", "deploy/nginx.conf", "deploy/cluster/broadside.env",
)  # fmt: skip
UNITS = (
    "deploy/broadside.service",
    "deploy/broadside-worker.service",
    "deploy/broadside-archive.service",
    "deploy/broadside-backup.service",
)
FOR_LOGS = ("deploy/broadside.syslog.conf", "deploy/broadside.logrotate")
# What is not ours: the image's, Python's, and the shell's.
OTHERS = {
    "PATH",
    "PYTHONUNBUFFERED",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "CMD",
    "ALL",
    "BASE",
    "LOCK",
}

# This environment's own way to the project would hide that a module is missing.
MODULES_FROM_ELSEWHERE = f"""
import sys, asgi, blog.cli
files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
print([file for file in files if file.startswith("{PROJECT}/") and "site-packages" not in file])
"""


@pytest.mark.parametrize("recipe", [*RECIPES, *UNITS, *FOR_LOGS])
def test_a_recipe_names_no_setting_that_there_is_not(recipe: str) -> None:
    text = (PROJECT / recipe).read_text()
    named = set(re.findall(r"\b([A-Z][A-Z_]{2,})(?:=|: )", text)) - OTHERS
    assert named <= {name.upper() for name in Settings.model_fields} | {"ENV_FILE"}


@pytest.mark.parametrize("unit", UNITS)
def test_the_command_of_a_unit_is_one_of_ours_with_its_options(unit: str) -> None:
    commands = re.findall(r"/srv/broadside/\.venv/bin/blog (.+)", (PROJECT / unit).read_text())
    assert commands
    for words in map(str.split, commands):
        command: click.Command = main
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        context = command.make_context("blog", words)
        assert not context.args


def test_systemd_knows_all_that_is_in_the_units(tmp_path: Path) -> None:
    """Only the programs are others, because systemd looks for them."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze; on Debian: apt install systemd")
    files = [*PROJECT.glob("deploy/*.service"), *PROJECT.glob("deploy/*.timer"),
             *PROJECT.glob("deploy/cluster/*.service")]  # fmt: skip
    assert len(files) > len(UNITS)
    for file in files:
        unit = re.sub(r"^(Exec\w+=)\S+", r"\1/bin/true", file.read_text(), flags=re.MULTILINE)
        (tmp_path / file.name).write_text(unit)
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *tmp_path.iterdir()],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (checked.returncode, checked.stderr) == (0, "")


async def test_the_image_takes_all_that_the_commands_need_and_nothing_secret(
    tmp_path: Path,
) -> None:
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    for pattern in (line[1:] for line in lines if line.startswith("!")):
        taken = list(PROJECT.glob(pattern))
        assert taken, pattern
        for source in taken:
            target = tmp_path / source.relative_to(PROJECT)
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            target.parent.mkdir(exist_ok=True)
            copy(source, target)
    assert not {".env", "var", ".git"} & {path.name for path in tmp_path.iterdir()}

    code, output = await run(tmp_path, "python", "-c", MODULES_FROM_ELSEWHERE, pythonpath=tmp_path)
    assert (code, output) == (0, "[]\n")


def processes() -> dict[str, str]:
    """The commands of the `Procfile`, by their names."""
    lines = (PROJECT / "Procfile").read_text().splitlines()
    return dict(re.fullmatch("([a-z]+): (.+)", line).groups() for line in lines)  # type: ignore[union-attr, misc]


def health_check() -> list[str]:
    """The command by which a container is found to be healthy."""
    text = (PROJECT / "Dockerfile").read_text().replace("\\\n", "")
    found = re.search(r"HEALTHCHECK .* CMD (\[.*\])", text)
    assert found
    command: list[str] = json.loads(found[1])
    return command


async def test_a_platform_that_gives_a_port_and_a_database_needs_only_the_procfile(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(PROGRAMS), prepend=":")
    platform: dict[str, object] = {
        "env": "production",
        "base_url": "https://blog.example.com",
        "https_redirect": "true",
        "database_url": await create_database(database_url, "platform", migrated=False),
    }
    asked = {"Host": "blog.example.com", "X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    code, output = await run(tmp_path, SHELL, "-c", processes()["release"], **platform)
    assert code == 0, output
    async with (
        serving(tmp_path, SHELL, "-c", f"exec env {processes()['web']}", **platform) as server,
        httpx.AsyncClient(timeout=60, base_url=server.url, headers=asked) as client,
    ):
        page = await client.get("/auth/login", headers={"X-Forwarded-Proto": "https"})
        led = await client.get("/", headers={"X-Forwarded-Proto": "http"})
        await server.printed('"client": "198.51.100.7"')
        for port, expected in ((server.port, 0), (free_port(), 1)):
            code, _ = await run(tmp_path, *health_check(), port=port)
            assert code == expected
    assert page.status_code == 200
    assert led.headers["location"] == "https://blog.example.com/"
    await drop_database(database_url, "platform")
