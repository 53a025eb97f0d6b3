"""hypercorn's workers, forked by a server that was forked itself (`tests.forked`).

multiprocessing starts a new interpreter for each worker, which loads the application: seconds of
processor time, more than most tests of a server take otherwise. A worker that is forked instead
finds what one finds that is started: the files, signals and arguments that it was given. But it
does not share its metrics with others.

Tests of the start itself use `tests.servers.Program.start`.
"""

import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Sequence
from contextlib import suppress
from multiprocessing import util
from pathlib import Path
from typing import NoReturn

from hypercorn import run as hypercorn_run

from blog.core.metrics import FOLDER

WORKER = "from multiprocessing.spawn import spawn_main"

_start = util.spawnv_passfds
_wait = hypercorn_run.wait
# Pipes that are closed when workers may begin. One that is started takes so long that the server
# has its signal handlers by then.
_gates: list[int] = []


def fork_workers() -> None:
    """From now on fork this process where multiprocessing starts a worker."""
    util.spawnv_passfds = _fork
    hypercorn_run.wait = _wait_for_workers


def _wait_for_workers(sentinels: Iterable[int]) -> object:
    """What the server does when it has started."""
    while _gates:
        os.close(_gates.pop())
    return _wait(sentinels)


def _fork(path: str, arguments: Sequence[str], kept: Sequence[int]) -> int:
    program = arguments[-2]
    if not program.startswith(WORKER):
        return _start(path, arguments, kept)
    gate, opening = os.pipe()
    child = os.fork()
    if child == 0:
        _become(program, set(map(int, kept)), gate)
    os.close(gate)
    _gates.append(opening)
    return child


def _become(program: str, kept: set[int], gate: int) -> NoReturn:
    """Run a worker, in the process that was forked for it.

    The caller's frames stay, with all that they refer to; so nothing is closed a second time.
    """
    code: object = 1
    try:
        _forget_parent(kept | {gate})
        os.read(gate, 1)
        os.close(gate)
        sys.argv = ["-c", "--multiprocessing-fork"]
        exec(program, {})
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code if isinstance(code, int) else 1)


def _forget_parent(kept: set[int]) -> None:
    """Do what the system does when it starts a program (execve(2)), and close all other files."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for handler in logging.root.handlers[:]:
        logging.root.removeHandler(handler)
        handler.close()
    for number in [int(file.name) for file in Path("/proc/self/fd").iterdir()]:
        if number > 2 and number not in kept:
            with suppress(OSError):  # The one that listed them.
                os.close(number)
    # The metrics are those of one process: they were loaded before this was set.
    os.environ.pop(FOLDER, None)
