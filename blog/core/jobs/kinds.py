"""Kinds of jobs, and their errors."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from blog.core.jobs.running import RunningJob

# The delay after each consecutive failure; after one more, the job has failed for good.
PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (10, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
)
# For jobs that a person waits for: they learn of a failure after half an hour.
SHORT_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 900))


@dataclass(frozen=True)
class JobKind:
    """A kind of job. Features define theirs in `jobs.py`; `blog.background_jobs` lists them all.

    Attributes:
        name: stored in the database, so it must not change; a verb phrase such as
            `delete_old_events`.
        run: the function. If the worker dies before success is recorded, it runs again; only its
            writes in `RunningJob.finishing` happen exactly once.
        at_once: the maximum number of concurrent runs of this kind, over all workers.
        seconds: the time limit of a run, after which it is cancelled and has failed.
        pauses: the delay after each consecutive failure.
        gives_up: whether a job is held after one more failure, until an administrator retries or
            discards it. Otherwise the last delay is repeated forever.
        every: the interval of a periodic job, which never gives up. A single run makes up for those
            that were missed while no worker was running.
    """

    name: str
    run: Callable[[RunningJob], Awaitable[None]]
    at_once: int = 2
    seconds: float = 600.0
    pauses: Sequence[timedelta] = PAUSES
    gives_up: bool = True
    every: timedelta | None = None

    def is_held_after(self, attempts: int) -> bool:
        """Whether a job has failed for good after `attempts` consecutive failures."""
        return self.gives_up and self.every is None and attempts > len(self.pauses)

    def pause_after(self, attempts: int) -> timedelta:
        """The delay after `attempts` consecutive failures."""
        pause = self.pauses[min(attempts, len(self.pauses)) - 1]
        return pause if self.every is None else min(pause, self.every)


class TryLaterError(Exception):
    """A job can't run now. It is retried without an alert."""


class FailedForGoodError(Exception):
    """A job can't succeed, so it is held at once instead of being retried."""
