"""Start-up errors: one line each, and exit code 1."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import trustme

from tests.databases import create_database, drop_database
from tests.live.postgres import ExternalPostgres
from tests.servers import ALEMBIC, BLOG_SERVE, HYPERCORN, free_port, run

DEPLOY = ("blog", "deploy")
MIGRATE = (*ALEMBIC, "upgrade", "head")
COMMANDS = (BLOG_SERVE, HYPERCORN, MIGRATE, DEPLOY)
WRONG_SETTINGS: dict[str, Any] = {
    "env": "production",
    "secret_key": "short",
    "port": "http",
    "posts_per_page": 0,
    "database_url": "mysql://root:sekrit@localhost/blog",
}


async def test_each_wrong_setting_is_one_line(tmp_path: Path) -> None:
    results = await asyncio.gather(*(run(tmp_path, *each, **WRONG_SETTINGS) for each in COMMANDS))
    for command, (code, output) in zip(COMMANDS, results, strict=True):
        assert code == expected_code(command)
        assert "sekrit" not in output
        lines = output.splitlines()
        assert all(line.startswith("settings: ") for line in lines), output
        names = sorted(line.split(": ")[1] for line in lines)
        assert names == ["BASE_URL", "DATABASE_URL", "PORT", "POSTS_PER_PAGE", "SECRET_KEY"]


async def test_a_database_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    unknown = "postgresql://susan:sekrit@"
    async with ExternalPostgres(tmp_path / "external") as postgres:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            cases = {
                BLOG_SERVE: (postgres.url(password="sekrit"), "password authentication failed"),
                HYPERCORN: (f"{unknown}127.0.0.1:{silent.getsockname()[1]}/blog", "no answer"),
                MIGRATE: (f"{unknown}127.0.0.1:{free_port()}/blog", "Connection refused"),
                DEPLOY: (f"{unknown}nowhere.invalid/blog", "at nowhere.invalid, port 5432: "),
            }
            results = await asyncio.gather(
                *(
                    run(tmp_path / str(number), *command, database_url=url)
                    for number, (command, (url, _)) in enumerate(cases.items())
                )
            )
    for (command, (_, reason)), (code, output) in zip(cases.items(), results, strict=True):
        assert code == expected_code(command), output
        (line,) = output.splitlines()
        assert "no connection to database " in line
        assert reason in line
        assert "sekrit" not in output


async def test_a_port_that_is_taken_is_one_line(tmp_path: Path, site_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, output = await run(tmp_path, *BLOG_SERVE, port=port, database_url=site_url)
    assert code == 1
    assert output == (
        f"Error: cannot listen on 127.0.0.1:{port}: address already in use; "
        "choose another address with HOST and PORT\n"
    )


async def test_a_certificate_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    authority = trustme.CA()
    site, other = (authority.issue_cert("blog.test") for _ in range(2))
    key, certificate = tmp_path / "site.key", tmp_path / "site.pem"
    other.private_key_pem.write_to_path(key)
    site.cert_chain_pems[0].write_to_path(certificate)
    for tls_certificate, reason in (
        (tmp_path / "none.pem", f"cannot read {tmp_path}/none.pem: No such file or directory"),
        (tmp_path, f"cannot read {tmp_path}: Is a directory"),
        (certificate, f"{certificate} and {key} must be a PEM certificate and its key"),
        (key, f"{key} and {key} must be a PEM certificate and its key"),
    ):
        code, output = await run(
            tmp_path, *BLOG_SERVE, tls_certificate=tls_certificate, tls_key=key
        )
        assert (code, output.count("\n")) == (1, 1)
        assert output.startswith(f"Error: {reason}")


async def test_production_does_not_migrate_by_itself(tmp_path: Path, database_url: str) -> None:
    code, output = await run(
        tmp_path,
        *BLOG_SERVE,
        env="production",
        base_url="https://blog.test",
        database_url=await create_database(database_url, "empty", migrated=False),
    )
    await drop_database(database_url, "empty")
    assert (code, output) == (1, "Error: the schema is not up to date: run blog deploy\n")


async def test_a_log_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    places = {DEPLOY: f"{tmp_path}/none/log", BLOG_SERVE: f"syslog:{tmp_path}/none"}
    results = await asyncio.gather(
        *(run(tmp_path, *command, log_to=place) for command, place in places.items())
    )
    for place, result in zip(places.values(), results, strict=True):
        path = place.removeprefix("syslog:")
        reason = "No such file or directory"
        assert result == (1, f"settings: LOG_TO: cannot write to {path}: {reason}\n")


async def test_an_invalid_data_folder_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("9\n")
    code, output = await run(tmp_path, *DEPLOY)
    assert (code, output.count("\n")) == (1, 1)
    assert f"the embedded PostgreSQL in {tmp_path}/postgres does not start" in output


def expected_code(command: tuple[str, ...]) -> int:
    """hypercorn's own program returns 0 also when a worker fails (its issue 269)."""
    return 0 if command == HYPERCORN else 1
