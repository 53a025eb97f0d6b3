"""What is measured, in one list; whoever knows a number notes it here, and `/metrics` shows all.

The numbers belong to the process. Where `PROMETHEUS_MULTIPROC_DIR` was set when prometheus_client
was imported, it keeps them in files of that folder, one a process, and any process can show
the sums over all of them. `blog serve` sets it for its workers.
"""

import functools
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

FOLDER = "PROMETHEUS_MULTIPROC_DIR"

disable_created_metrics()
_registry = CollectorRegistry()
_gauge = functools.partial(Gauge, registry=_registry, multiprocess_mode="livesum")

_requests = Counter(
    "broadside_requests_total", "Requests that were answered.", ["method", "route", "status"],
    registry=_registry,
)  # fmt: skip
_request_seconds = Histogram(
    "broadside_request_seconds", "Time from a request's arrival to its answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10), registry=_registry,
)  # fmt: skip
requests_in_progress = _gauge("broadside_requests_in_progress", "Requests that are being answered.")
_pool_size = _gauge(
    "broadside_database_pool_size",
    "Connections to the database that there may be at once.",
    ["server"],
)
_pool_in_use = _gauge(
    "broadside_database_pool_in_use", "Connections to the database that are in use.", ["server"]
)
hashes_running = _gauge(
    "broadside_password_hashes_running", "Passwords that are being hashed (argon2)."
)
hashes_waiting = _gauge(
    "broadside_password_hashes_waiting", "Passwords that wait for their turn to be hashed."
)


def note_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request.

    Args:
        method, route, status: each one of a small number, whatever clients send: every
            combination is remembered for ever.
    """
    counter, histogram = _series(method, route, status)
    counter.inc()
    histogram.observe(seconds)


@functools.cache
def _series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(method, route, status), _request_seconds.labels(method, route)


def watch_pool(engine: AsyncEngine, server: str) -> None:
    """Keep note of how many connections of `engine` are in use.

    Args:
        server: its name among the engines of this process.
    """
    in_use = _pool_in_use.labels(server)

    def pool() -> QueuePool:
        assert isinstance(engine.pool, QueuePool)  # noqa: S101
        return engine.pool

    def taken(*_: object) -> None:
        in_use.set(pool().checkedout())

    def coming_back(*_: object) -> None:
        in_use.set(max(pool().checkedout() - 1, 0))

    _pool_size.labels(server).set(pool().size())
    event.listen(engine.sync_engine, "checkout", taken)
    event.listen(engine.sync_engine, "detach", taken)
    event.listen(engine.sync_engine, "checkin", coming_back)


def collect() -> Iterator[Metric]:
    """All numbers of this process, or of all that share a folder, and what these processes use."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        yield from _registry.collect()
        yield from _use_of([os.getpid()])
    else:
        processes = _living(Path(folder))
        yield from MultiProcessCollector(None, folder).collect()
        yield from _use_of(processes)


def _living(folder: Path) -> list[int]:
    """The processes that share a folder; what the dead were doing is forgotten.

    What they have counted stays: a sum that went down would look like a restart.
    """
    processes = {int(file.stem.rpartition("_")[2]) for file in folder.glob("gauge_live*.db")}
    living = {process for process in processes if psutil.pid_exists(process)}
    for process in processes - living:
        mark_process_dead(process, str(folder))
    return sorted(living)


def _use_of(processes: Iterable[int]) -> Iterable[Metric]:
    """Processor time, memory and open files, as every Prometheus client names them."""
    metrics: dict[str, Metric] = {}
    for process in processes:
        collector = ProcessCollector(pid=functools.partial(str, process), registry=None)
        for metric in collector.collect():
            merged = metrics.setdefault(
                metric.name, Metric(metric.name, metric.documentation, metric.type)
            )
            for sample in metric.samples:
                merged.add_sample(sample.name, {"pid": str(process)}, sample.value)
    return metrics.values()


@contextmanager
def shared_by_workers() -> Iterator[None]:
    """Let the processes that are started meanwhile share their numbers, in a folder of their own.

    This one's own are not among them: prometheus_client has looked at the environment already.
    """
    with tempfile.TemporaryDirectory(prefix="broadside-metrics-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]
