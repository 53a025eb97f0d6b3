"""An external PostgreSQL, reached over TCP with a password."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import psutil

from blog.core.db.postgres_programs import prepare_for_system_user, run_program, system_user
from tests.servers import free_port

PASSWORD = "p@ss w/rd%25"


class ExternalPostgres:
    """A server on 127.0.0.1, which can be stopped and started again.

    Args:
        folder: where its data is to be; the one above it exists.

    Usage: `async with ExternalPostgres(tmp_path / "external") as server: ...`
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()

    def url(self, *, user: str = "postgres", password: str = PASSWORD, database: str = "") -> str:
        """Its address, as somebody would write it into `DATABASE_URL`."""
        quoted = password.replace("%", "%25").replace("@", "%40").replace("/", "%2F")
        return f"postgres://{user}:{quoted}@127.0.0.1:{self.port}/{database or 'postgres'}"

    async def start(self) -> None:
        """Start it, and wait until it takes connections."""
        await self._pg_ctl("start", "-l", "log")

    async def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` ends every session in good order, `immediate` as a crash does."""
        await self._pg_ctl("stop", "-m", mode)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Suspend all of its processes within this context; connections stay open."""
        postmaster = psutil.Process(int((self.folder / "postmaster.pid").read_text().split()[0]))
        processes = [postmaster]
        postmaster.suspend()
        try:
            for child in postmaster.children():
                child.suspend()
                processes.append(child)
            yield
        finally:
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._create)
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if (self.folder / "postmaster.pid").exists():
            await self.stop("immediate")
        shutil.rmtree(self.folder)

    async def _pg_ctl(self, *arguments: str) -> None:
        try:
            await asyncio.to_thread(run_program, "pg_ctl", "-w", *arguments, folder=self.folder)
        except subprocess.CalledProcessError as error:
            error.add_note(error.stderr + (self.folder / "log").read_text()[-2000:])
            raise

    def _create(self) -> None:
        self._make_folder()
        secret = self.folder.with_name(f"{self.folder.name}.password")
        secret.write_text(PASSWORD)
        account = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={secret}"]
        # As the embedded server, whatever locale the tests run in.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options = ["--no-sync", "--encoding=UTF8", *locale, *account]
        run_program("initdb", "-D", ".", *options, folder=self.folder)
        self._configure()

    def _make_folder(self) -> None:
        self.folder.mkdir(mode=0o700)
        prepare_for_system_user(self.folder)
        if (user := system_user()) is not None:
            shutil.chown(self.folder, user.pw_uid, user.pw_gid)

    def _configure(self) -> None:
        with (self.folder / "postgresql.conf").open("a") as file:
            file.write(
                f"listen_addresses = '127.0.0.1'\nport = {self.port}\n"
                "unix_socket_directories = '.'\nfsync = off\nmax_connections = 300\n"
            )


class Standby(ExternalPostgres):
    """A streaming replica of another server, which is running.

    Args:
        folder: as above.
        primary: the server that it follows.
    """

    def __init__(self, folder: Path, primary: ExternalPostgres) -> None:
        super().__init__(folder)
        self._primary = primary

    async def promote(self) -> None:
        """Make it a primary, and wait until it is one."""
        await self._pg_ctl("promote")

    def _create(self) -> None:
        self._make_folder()
        source = self._primary.url().replace(" ", "%20")
        copy = ["-D", ".", "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        run_program("pg_basebackup", *copy, "-d", source, folder=self.folder)
        self._configure()
