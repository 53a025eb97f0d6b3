"""A real PgBouncer with `deploy/cluster/pgbouncer.ini`, but other names and ports."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.live.cluster.cluster import RECIPES
from tests.live.cluster.programs import NotInstalledError, prepare_system_user, program
from tests.live.cluster.units import Unit
from tests.live.postgres import PASSWORD, ExternalPostgres
from tests.servers import free_port, until


def pgbouncer_program() -> Path:
    """Where PgBouncer is. Without it the tests are skipped, but not under `CI=true`."""
    try:
        return program("pgbouncer")
    except NotInstalledError as error:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(str(error))


@asynccontextmanager
async def pgbouncer(
    folder: Path, postgres: ExternalPostgres, connections: int = 40
) -> AsyncIterator[str]:
    """A PgBouncer in front of a server; the address of the database through it.

    Args:
        folder: where its files are to be; the one above it exists.
        postgres: the server, which is running.
        connections: how many connections to the server it opens at most.
    """
    port = free_port()
    text = (RECIPES / "pgbouncer.ini").read_text()
    for written, meant in {
        "broadside = host=127.0.0.1 port=5000": f"postgres = host=127.0.0.1 port={postgres.port}",
        "listen_addr = *": "listen_addr = 127.0.0.1\nunix_socket_dir =",
        "listen_port = 6432": f"listen_port = {port}",
        "auth_file = /etc/pgbouncer/userlist.txt": "auth_file = userlist.txt",
        "default_pool_size = 40": f"default_pool_size = {connections}",
    }.items():
        assert text.count(written) == 1, written
        text = text.replace(written, meant)
    folder.mkdir()
    user = prepare_system_user(folder)
    (folder / "pgbouncer.ini").write_text(text)
    (folder / "userlist.txt").write_text(f'"postgres" "{PASSWORD}"\n')
    (folder / "log").touch()
    unit = Unit(folder, pgbouncer_program(), "pgbouncer.ini", environment={}, user=user)
    await unit.start()

    async def listens() -> bool:
        assert "FATAL" not in unit.output, unit.output
        return "process up" in unit.output

    try:
        await until(listens)
        yield postgres.url().replace(f":{postgres.port}", f":{port}")
    finally:
        await unit.stop()
