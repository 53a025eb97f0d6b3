"""The program of the processes in `core.text.process_pool`: calls functions by name.

Usage: python -P process_worker.py MODULE...

Requests on standard input and responses on standard output are JSON documents, each preceded by its
length (4 bytes, big-endian). JSON rather than pickle, so that an exploited parser cannot take over
the web process too.
"""

import json
import os
import resource
import signal
import sys
import traceback
import types
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

# Work for one request has a lower priority than the event loop, which serves all requests.
NICENESS = 5
PACKAGE = Path(__file__).resolve().parents[2]


def main(modules: list[str]) -> None:
    """Process requests until the end of standard input, which comes when the parent exits."""
    # The web process handles these signals: it finishes its requests first, which need this
    # process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICENESS)
    # hypercorn's listening socket is inheritable, and uvloop does not close it.
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    responses = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Output of libraries must not mix with responses.
    _import_without_application(modules)
    while (request := _read(sys.stdin.buffer)) is not None:
        content = json.dumps(_call(**request)).encode()
        try:
            responses.write(len(content).to_bytes(4) + content)
            responses.flush()
        except BrokenPipeError:
            # The parent was killed; flushing at exit would fail, too.
            os._exit(0)


def _import_without_application(modules: list[str]) -> None:
    """Import modules of the package without its `__init__`, which imports the application.

    That would take a second and 80 MB per process.
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


def _call(
    *,
    module: str,
    function: str,
    arguments: list[Any],
    cpu_seconds: float,
    memory_bytes: int | None,
    language: str | None,
) -> dict[str, Any]:
    """Call a function; SIGPROF kills the process when its CPU time is used up.

    A Python signal handler would run only after a regular expression has finished. Allocations
    beyond the memory limit fail: most functions then raise an error, and some libraries abort.
    """
    if memory_bytes is not None:
        # Unlike RLIMIT_AS, this does not count memory that is only mapped, such as libraries.
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        if language is not None:
            import_module("blog.core.i18n").set_language(language)
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
