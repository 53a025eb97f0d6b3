"""Faults of hypercorn 0.18's processes that we repair, shown without the repairs.

A test fails when a new version of hypercorn no longer has its fault. Then delete the repair that
it names, and the test.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypercorn import run as hypercorn_run
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Config, Sockets

from tests.servers import Server, run, serving, until

PLAIN = ("hypercorn", "tests.live.plain_app:app")
UNFINISHED = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na"


async def begin_request(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
    """A request whose body is not complete, and the number of the process that answers it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(UNFINISHED)
    await reader.readuntil(b"\r\n\r\n")
    begin = await reader.readuntil(b".")
    return reader, writer, int(begin.split()[-1].removesuffix(b"."))


async def test_the_first_worker_to_exit_takes_the_others_with_it(tmp_path: Path) -> None:
    """`hypercorn.run.run` terminates them; repaired by `prepare_process`, which ignores SIGTERM."""
    async with serving(tmp_path, *PLAIN, "--workers", "2") as server:
        reader, writer, number = await begin_request(server)
        worker = psutil.Process(number)
        server.send(signal.SIGTERM)
        await asyncio.to_thread(worker.wait, 15)
        writer.write(b"b")
        assert b"done" not in await reader.read()
        writer.close()


async def test_connections_are_accepted_that_nobody_serves(tmp_path: Path) -> None:
    """The supervisor keeps the socket open during a shutdown; fixed by `_release_listener`."""
    async with serving(tmp_path, *PLAIN) as server:
        reader, writer, _ = await begin_request(server)
        idle, idle_writer = await asyncio.open_connection("127.0.0.1", server.port)
        server.send(signal.SIGTERM)
        assert await idle.read() == b"", "the worker is shutting down"
        late, late_writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"b")
        assert b"done" in await reader.read()
        with pytest.raises(ConnectionResetError):
            await late.read()
        for each in (writer, idle_writer, late_writer):
            each.close()


async def test_workers_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    """Repaired by `_exit_with_parent`."""
    async with serving(tmp_path, *PLAIN) as server:
        reader, writer, number = await begin_request(server)
        server.send(signal.SIGKILL)
        await until(lambda: _has_ended(server))
        writer.write(b"b")
        await reader.readuntil(b"done")
        worker = psutil.Process(number)
        assert worker.is_running()
        worker.kill()
        writer.close()


async def _has_ended(server: Server) -> bool:
    return not server.is_running


async def test_a_failed_start_prints_a_traceback_and_returns_0(tmp_path: Path) -> None:
    """pgjones/hypercorn#269; repaired by `LifespanMiddleware` and `run_workers`."""
    code, printed = await run(
        tmp_path, "hypercorn", "tests.live.plain_app:broken", "--bind", "127.0.0.1:0"
    )
    assert code == 0
    assert "Traceback" in printed


async def test_the_application_hears_of_a_shutdown_after_its_last_response_only() -> None:
    """A stream without an end would never hear of it; repaired by `WatchedContext`."""
    finish, shut_down, told = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            told.set()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b".", "more_body": True})
        await finish.wait()
        await send({"type": "http.response.body", "body": b"done", "more_body": False})

    config = Config()
    config.bind = ["127.0.0.1:0"]
    sockets = config.create_sockets()
    [listener] = sockets.insecure_sockets
    listener.listen()
    server = asyncio.create_task(
        worker_serve(
            ASGIWrapper(application), config, sockets=sockets, shutdown_trigger=shut_down.wait
        )
    )
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readuntil(b".")
    idle, idle_writer = await asyncio.open_connection(*listener.getsockname())
    shut_down.set()
    assert await idle.read() == b"", "the server is shutting down"
    assert not told.is_set()
    finish.set()
    assert b"done" in await reader.read()
    await server
    assert told.is_set()
    for each in (writer, idle_writer):
        each.close()


@pytest.fixture
def handlers_kept() -> Iterator[None]:
    """Give signals and hypercorn's logger back what they had."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    signals = {number: signal.getsignal(number) for number in numbers}
    logger = logging.getLogger("hypercorn.error")
    kept = logger.handlers[:], logger.level
    yield
    for number, handler in signals.items():
        signal.signal(number, handler)
    logger.handlers[:] = kept[0]
    logger.setLevel(kept[1])


@pytest.mark.usefixtures("handlers_kept")
def test_signals_are_lost_while_workers_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repaired by `_start_workers`, and for SIGQUIT by `_treat_sigquit_as_sigterm`."""
    handled = {}

    class StartedError(Exception):
        pass

    def populate(*_: Any) -> None:
        handled.update({number: signal.getsignal(number) for number in signal.valid_signals()})
        raise StartedError

    monkeypatch.setattr(hypercorn_run, "_populate", populate)
    config = Config()
    monkeypatch.setattr(config, "create_sockets", lambda: Sockets([], [], []))
    with pytest.raises(StartedError):
        hypercorn_run.run(config)
    assert handled[signal.SIGINT] == signal.SIG_IGN
    assert handled[signal.SIGQUIT] == signal.SIG_DFL


@pytest.mark.usefixtures("handlers_kept")
def test_errors_are_logged_to_standard_error_whatever_the_root_logger_does() -> None:
    """Repaired by `_use_root_handlers`."""
    (handler,) = Config().log.error_logger.handlers
    assert isinstance(handler, logging.StreamHandler)


def test_children_of_a_worker_inherit_the_listening_socket() -> None:
    """Repaired by `blog/core/text/process_worker.py`."""
    config = Config()
    config.bind = ["127.0.0.1:0"]
    (listener,) = config.create_sockets().insecure_sockets
    with listener:
        assert listener.get_inheritable()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="newer versions of Python do not have it")
async def test_a_connection_whose_task_is_cancelled_is_reported_as_an_error() -> None:
    """Python 3.11; repaired by `_is_relevant`."""
    loop = asyncio.get_running_loop()
    reports: list[dict[str, Any]] = []

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        writer.close()
        await asyncio.sleep(0)

    loop.set_exception_handler(lambda _, context: reports.append(context))
    try:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            await reader.read()
            writer.close()
    finally:
        loop.set_exception_handler(None)
    (report,) = reports
    assert isinstance(report["exception"], asyncio.CancelledError)
