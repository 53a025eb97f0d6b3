"""Log handlers: standard error, a file, or syslog.

If the target fails later, logging neither raises nor blocks: lines go to standard error.
"""

import logging
import os
import sys
import time
from contextlib import suppress
from logging.handlers import SysLogHandler
from pathlib import Path
from socket import SOCK_DGRAM
from socket import socket as Socket  # noqa: N812

SYSLOG_SOCKET = Path("/dev/log")
# How long to wait for a syslog daemon that does not read, and how long to bypass it afterwards.
SYSLOG_SECONDS = 0.05
RETRY_SECONDS = 1.0


def log_target(where: str) -> logging.Handler:
    """Create the handler for `LOG_TO`.

    Args:
        where: `stderr`, `syslog`, `syslog:` and the path of its socket, or the path of a file.

    Raises:
        OSError: the target does not exist or is not writable.
    """
    kind, _, path = where.partition(":")
    if where == "stderr":
        return logging.StreamHandler(sys.stderr)
    if kind == "syslog":
        return SyslogTarget(Path(path) if path else SYSLOG_SOCKET)
    return FileTarget(Path(where).absolute())


class _Fallback(logging.Handler):
    """Makes a handler fall back to standard error while its target cannot be written to."""

    path: Path
    _retry_at = 0.0
    _has_failed = False

    def emit(self, record: logging.LogRecord) -> None:
        if self._has_failed and time.monotonic() < self._retry_at:
            self._to_standard_error(record)
            return
        had_failed, self._has_failed = self._has_failed, False
        super().emit(record)
        if self._has_failed:  # `handleError` was called.
            if not had_failed:
                _print(f"log: cannot write to {self.path}: {self._reason}")
            self._to_standard_error(record)
            self._retry_at = time.monotonic() + RETRY_SECONDS

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self._has_failed, self._reason = True, error.strerror or str(error)
        else:
            super().handleError(record)

    def _to_standard_error(self, record: logging.LogRecord) -> None:
        try:
            _print(self.format(record))
        except Exception:
            super().handleError(record)


def _print(line: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(line + "\n")


class _Append(logging.Handler):
    """Appends each line to a file that many processes write to, and that logrotate may move.

    The standard library's `WatchedFileHandler` keeps the file open until the next line, so that an
    idle process would keep the disk space of a rotated file. And it writes a long line in several
    parts, so that lines of several processes would interleave.
    """

    path: Path

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
            descriptor = self._open()
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)
        except Exception:
            self.handleError(record)

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)


class FileTarget(_Fallback, _Append):
    """A file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.close(self._open())
        super().__init__()


class SyslogTarget(_Fallback, SysLogHandler):
    """Syslog by its local socket: rsyslog, journald or another daemon.

    A line is `<priority>broadside[process]: …` (RFC 3164), without time and host, which the daemon
    adds.
    """

    append_nul = False
    socket: Socket  # typeshed lacks it.

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ident = f"broadside[{os.getpid()}]: "
        super().__init__(str(path), SysLogHandler.LOG_DAEMON, SOCK_DGRAM)
        if self.socket.fileno() < 0:  # The standard library ignores that it cannot connect.
            self._connect_unixsocket(str(path))

    def _connect_unixsocket(self, address: str) -> None:
        """Connect, with a time limit for each line; Python 3.14 has an argument for that."""
        try:
            super()._connect_unixsocket(address)  # type: ignore[misc]
        except OSError as error:
            raise OSError(error.errno, error.strerror, address) from error
        self.socket.settimeout(SYSLOG_SECONDS)
