"""Log targets, and the fallback when they fail."""

import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from blog.core.web import log_targets
from blog.core.web.log_targets import log_target

# Longer than what a pipe or Python's own buffer takes at once.
LONG = 50_000
WRITER = f"""
import logging, sys
from blog.core.web.log_targets import log_target
log = logging.getLogger()
log.addHandler(log_target(sys.argv[1]))
for number in range(100):
    log.error(sys.argv[2] * {LONG})
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that failed is tried again with the next line."""
    monkeypatch.setattr(log_targets, "RETRY_SECONDS", 0)


@contextmanager
def logging_to(where: str) -> Iterator[logging.Logger]:
    log = logging.Logger("tests")
    log.addHandler(target := log_target(where))
    yield log
    target.close()


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """The system's log, as far as a client can tell."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(5)
        yield listener
    path.unlink()


@pytest.mark.live
def test_lines_of_several_processes_do_not_mix(tmp_path: Path) -> None:
    file = tmp_path / "log"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(file), letter]) for letter in "abc"
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    lines = file.read_text().splitlines()
    assert sorted(lines) == sorted(letter * LONG for letter in "abc" for _ in range(100))


def test_a_moved_file_is_created_again(tmp_path: Path) -> None:
    file, moved = tmp_path / "log", tmp_path / "log.1"
    with logging_to(str(file)) as log:
        log.error("before")
        file.rename(moved)
        log.error("after")
        file.rename(tmp_path / "log.2")
        file.write_text("made by logrotate\n")
        log.error("at last")
    assert moved.read_text() == "before\n"
    assert file.read_text() == "made by logrotate\nat last\n"


def test_a_process_with_nothing_to_log_keeps_no_rotated_file_open(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with logging_to(str(file)) as log:
        log.error("before")
        file.rename(tmp_path / "log.1")
        open_files = [each.path for each in psutil.Process().open_files()]
    assert [path for path in open_files if path.startswith(str(tmp_path))] == []


def test_while_a_file_cannot_be_written_its_lines_go_to_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    with logging_to(str(folder / "log")) as log:
        log.error("before")
        folder.rename(tmp_path / "gone")
        log.error("first")
        log.error("second")
        assert capsys.readouterr().err == (
            f"log: cannot write to {folder}/log: No such file or directory\nfirst\nsecond\n"
        )
        (tmp_path / "gone").rename(folder)
        log.error("after")
    assert (folder / "log").read_text() == "before\nafter\n"
    assert capsys.readouterr().err == ""


def test_the_system_log_gets_a_line_with_its_priority_and_process(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with listening(path) as listener, logging_to(f"syslog:{path}") as log:
        log.warning("careful")
        assert listener.recv(1000).decode() == f"<28>broadside[{os.getpid()}]: careful"
        log.info("fine")
        assert listener.recv(1000).startswith(b"<30>")


def test_no_line_is_lost_when_the_syslog_daemon_restarts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log"
    with listening(path):
        context = logging_to(f"syslog:{path}")
        log = context.__enter__()
    log.error("nobody listens")
    assert capsys.readouterr().err.splitlines()[1:] == ["nobody listens"]
    with listening(path) as listener:
        log.error("again")
        assert listener.recv(1000).endswith(b"again")
    context.__exit__(None, None, None)
    assert capsys.readouterr().err == ""


def test_a_syslog_daemon_that_does_not_read_does_not_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(log_targets, "RETRY_SECONDS", 60)
    path = tmp_path / "log"
    with listening(path), logging_to(f"syslog:{path}") as log:
        begin = time.monotonic()
        for _ in range(2000):
            log.error("x" * 1000)
        assert time.monotonic() - begin < 30
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.parametrize("where", ["{}/none/log", "syslog:{}/none", "{}"])
def test_a_missing_target_is_named(tmp_path: Path, where: str) -> None:
    with pytest.raises(OSError, match=f"'{tmp_path}"):
        log_target(where.format(tmp_path))
