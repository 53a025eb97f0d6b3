"""The program of a process of `core.text.process_pool`: calls functions that it is told by name.

Usage: python -P process_worker.py MODULE...

Each request on standard input and each answer on standard output is a JSON document after its
length (4 bytes, big-endian). JSON rather than pickle: where a library that parses strangers' input
is taken over, what it answers cannot take over the web process as well.
"""

import json
import os
import signal
import sys
import traceback
import types
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

# Work for one request gives way to the event loop, which works for all of them.
NICENESS = 5
PACKAGE = Path(__file__).resolve().parents[2]


def main(modules: list[str]) -> None:
    """Answer requests until standard input ends, as it does when the parent has ended."""
    # The web process is told to stop, finishes its requests, and only then has no more work.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICENESS)
    # hypercorn lets its children inherit the socket that it listens on, and uvloop closes nothing.
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # What a library prints is no answer.
    _import_without_application(modules)
    while (request := _read(sys.stdin.buffer)) is not None:
        content = json.dumps(_answer(**request)).encode()
        try:
            answers.write(len(content).to_bytes(4) + content)
            answers.flush()
        except BrokenPipeError:
            # The parent was killed meanwhile; to flush again at the end would fail, too.
            os._exit(0)


def _import_without_application(modules: list[str]) -> None:
    """Import modules of the package without its `__init__`, which imports the application.

    That would cost a second and 80 MB for each process.
    """
    sys.path.insert(0, str(PACKAGE.parent))
    package = types.ModuleType(PACKAGE.name)
    package.__path__ = [str(PACKAGE)]
    sys.modules[PACKAGE.name] = package
    for module in modules:
        import_module(module)


def _read(requests: BinaryIO) -> dict[str, Any] | None:
    length = requests.read(4)
    if len(length) < 4:
        return None
    request: dict[str, Any] = json.loads(requests.read(int.from_bytes(length)))
    return request


def _answer(module: str, function: str, arguments: list[Any], cpu_seconds: float) -> dict[str, Any]:
    """Call a function; SIGPROF ends the process when it has used its processor time.

    Python's own handlers would wait for the end of a regular expression. The kernel does not.
    """
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        return {"result": getattr(import_module(module), function)(*arguments)}
    except Exception as error:
        kind = type(error)
        return {
            "error": [kind.__module__, kind.__qualname__],
            "text": str(error),
            "traceback": traceback.format_exc(),
        }
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
