"""All metrics; `/metrics` exposes them.

Values belong to the process. If `PROMETHEUS_MULTIPROC_DIR` is set when prometheus_client is
imported, it stores them in files of that folder, one per process, and any process can show the
sums. `blog serve` sets it for its workers.
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
# The buckets of request durations, in seconds.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

disable_created_metrics()
_registry = CollectorRegistry()
_gauge = functools.partial(Gauge, registry=_registry, multiprocess_mode="livesum")

_requests = Counter(
    "broadside_requests_total", "Finished requests.", ["method", "route", "status"],
    registry=_registry,
)  # fmt: skip
_request_seconds = Histogram(
    "broadside_request_seconds", "Time from a request's arrival to its response.",
    ["method", "route"], buckets=BOUNDS, registry=_registry,
)  # fmt: skip
requests_in_progress = _gauge("broadside_requests_in_progress", "Requests in progress.")
_pool_size = _gauge(
    "broadside_database_pool_size",
    "Maximum number of database connections.",
    ["server"],
)
_pool_in_use = _gauge("broadside_database_pool_in_use", "Database connections in use.", ["server"])
out_of_space = Counter(
    "broadside_out_of_space_total", "What failed because a disk was full.", ["disk"],
    registry=_registry,
)  # fmt: skip
usable_replicas = Gauge(
    "broadside_replica_usable", "Whether every process reads from this replica.", ["server"],
    registry=_registry, multiprocess_mode="livemin",
)  # fmt: skip
hashes_running = _gauge("broadside_password_hashes_running", "Passwords being hashed (argon2).")
hashes_waiting = _gauge("broadside_password_hashes_waiting", "Passwords waiting to be hashed.")


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request.

    Args:
        method, route, status: values from small fixed sets, whatever clients send, because every
            combination stays in memory.
    """
    counter, histogram = _series(method, route, status)
    counter.inc()
    histogram.observe(seconds)


@functools.cache
def _series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(method, route, status), _request_seconds.labels(method, route)


def watch_pool(engine: AsyncEngine, server: str) -> None:
    """Track the number of connections of `engine` in use.

    Args:
        server: the label of this engine.
    """
    in_use = _pool_in_use.labels(server)

    def pool() -> QueuePool:
        assert isinstance(engine.pool, QueuePool)  # noqa: S101
        return engine.pool

    def on_checkout(*_: object) -> None:
        in_use.set(pool().checkedout())

    def on_checkin(*_: object) -> None:
        in_use.set(max(pool().checkedout() - 1, 0))

    _pool_size.labels(server).set(pool().size())
    event.listen(engine.sync_engine, "checkout", on_checkout)
    event.listen(engine.sync_engine, "detach", on_checkout)
    event.listen(engine.sync_engine, "checkin", on_checkin)


def collect_own() -> Iterator[Metric]:
    """The metrics of this process alone, even if it shares a folder with others."""
    yield from _registry.collect()
    yield from _process_metrics([os.getpid()])


def collect() -> Iterator[Metric]:
    """The metrics and resource usage of this process, or of all that share a folder."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        yield from collect_own()
    else:
        processes = _live_processes(Path(folder))
        yield from MultiProcessCollector(None, folder).collect()
        yield from _process_metrics(processes)


def _live_processes(folder: Path) -> list[int]:
    """The live processes that share a folder; removes the gauges of dead ones.

    Their counters stay: a decreasing sum would look like a restart.
    """
    processes = {int(file.stem.rpartition("_")[2]) for file in folder.glob("gauge_live*.db")}
    living = {process for process in processes if psutil.pid_exists(process)}
    for process in processes - living:
        mark_process_dead(process, str(folder))
    return sorted(living)


def _process_metrics(processes: Iterable[int]) -> Iterable[Metric]:
    """CPU time, memory and open files, under Prometheus' standard names."""
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
    """Let processes that are started within this context share their metrics in a temporary folder.

    The current process is not included: prometheus_client has read the environment already.
    """
    with tempfile.TemporaryDirectory(prefix="broadside-metrics-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]
