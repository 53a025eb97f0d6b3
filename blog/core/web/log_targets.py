"""Log handlers: standard error, a file, or syslog.

If the target fails later, logging neither raises nor blocks.
"""

import logging
import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

SYSLOG_SOCKET = Path("/dev/log")
# How long to wait for a syslog daemon that does not read, and how long to bypass it afterwards.
SYSLOG_SECONDS = 0.05
RETRY_SECONDS = 1.0
# RFC 5424, 6.2.1: the facility is "system daemons".
_FACILITY = 3 << 3
_SEVERITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}
_CRITICAL = 2


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


class _FallbackTarget(logging.Handler):
    """Falls back to standard error while its target cannot be written to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._retry_at: float | None = None
        # Before the handler is registered with `logging`, which closes all handlers at exit.
        self._open()
        super().__init__()

    def _open(self) -> None:
        raise NotImplementedError

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:
            self.handleError(record)
            return
        if self._retry_at is not None and time.monotonic() < self._retry_at:
            _to_standard_error(line)
            return
        try:
            self._write(line, record.levelno)
        except OSError as error:
            if self._retry_at is None:
                _to_standard_error(f"log: cannot write to {self.path}: {error.strerror or error}")
            _to_standard_error(line)
            self._retry_at = time.monotonic() + RETRY_SECONDS
        else:
            self._retry_at = None

    def _write(self, line: str, level: int) -> None:
        raise NotImplementedError


def _to_standard_error(line: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(line + "\n")


class FileTarget(_FallbackTarget):
    """A file that many processes append to, compatible with logrotate.

    Each line is a single `O_APPEND` write, so that lines never interleave. The file is opened for
    each line, so that an idle process does not keep the disk space of a rotated file.
    """

    def _open(self) -> None:
        os.close(self._descriptor())

    def _descriptor(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def _write(self, line: str, level: int) -> None:
        descriptor = self._descriptor()
        try:
            os.write(descriptor, f"{line}\n".encode(errors="backslashreplace"))
        finally:
            os.close(descriptor)


class SyslogTarget(_FallbackTarget):
    """Syslog by its local socket: rsyslog, journald or another daemon.

    A line is `<priority>broadside[process]: …` (RFC 3164), without time and host, which the daemon
    adds.
    """

    def _open(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(SYSLOG_SECONDS)
        try:
            self._socket.connect(str(self.path))
        except OSError as error:
            self._socket.close()
            raise OSError(error.errno, error.strerror, str(self.path)) from error

    def _write(self, line: str, level: int) -> None:
        priority = _FACILITY | _SEVERITIES.get(level, _CRITICAL)
        message = f"<{priority}>broadside[{os.getpid()}]: {line}"
        data = message.encode(errors="backslashreplace")
        try:
            self._socket.send(data)
        except TimeoutError:
            raise
        except OSError:
            # The daemon was restarted.
            self._socket.close()
            self._open()
            self._socket.send(data)

    def close(self) -> None:
        self._socket.close()
        super().close()
