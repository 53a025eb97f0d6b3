"""Kinds of jobs."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blog.core.jobs.running import RunningJob

# The delay after each consecutive failure; after one more, the job has failed for good.
PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (10, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
)
# For what somebody waits for: they are told of a failure after half an hour.
SHORT_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 900))


@dataclass(frozen=True)
class JobKind:
    """A kind of job. Features define theirs in `jobs.py`; `blog.background_jobs` lists them all.

    Attributes:
        name: stored in the database, so it must not change; a verb phrase such as
            `delete_old_events`.
        run: the function. It may run again after it has succeeded, if the worker dies before that
            is recorded; only what it writes in `RunningJob.finishing` is written exactly once.
        at_once: the maximum number of concurrent runs of this kind, over all workers.
        seconds: the time limit of a run, after which it is cancelled and has failed.
        pauses: the delay after each consecutive failure.
        gives_up: whether it is held after one more failure, until an administrator retries or
            discards it. Otherwise the last delay is repeated for ever.
        every: the interval of a periodic job. Runs that were missed while no worker was running are
            made up by a single one. It never gives up.
    """

    name: str
    run: Callable[["RunningJob"], Awaitable[None]]
    at_once: int = 2
    seconds: float = 600.0
    pauses: Sequence[timedelta] = PAUSES
    gives_up: bool = True
    every: timedelta | None = None

    def is_held_after(self, attempts: int) -> bool:
        """Whether a job has failed for good after so many consecutive failures."""
        return self.gives_up and self.every is None and attempts > len(self.pauses)

    def pause_after(self, attempts: int) -> timedelta:
        """The delay after so many consecutive failures."""
        pause = self.pauses[min(attempts, len(self.pauses)) - 1]
        return pause if self.every is None else min(pause, self.every)


class TryLaterError(Exception):
    """A job cannot run now, which is no reason to alert anybody: it is retried."""


class FailedForGoodError(Exception):
    """Retrying a job is useless: it is held at once."""


class LostClaimError(Exception):
    """Another worker has claimed the job, or an administrator has discarded it."""
