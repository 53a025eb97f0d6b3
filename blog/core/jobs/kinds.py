"""What a job is: a kind with a function that does it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blog.core.jobs.running import RunningJob

# How long to wait after each failure in a row; after one more, the job has failed for good.
PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (10, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600)
)


@dataclass(frozen=True)
class JobKind:
    """A kind of job; a feature has its own in its `jobs.py`, and `create_app` lists them all.

    Attributes:
        name: in the database, so that it stays; a verb, such as `delete_old_events`.
        run: does it. It may be run again after it was done, where the worker dies before that is
            written down; only what it writes in `RunningJob.finishing` is written exactly once.
        at_once: how many of this kind run at the same moment, on all workers together.
        seconds: for how long a run may take; then it is cancelled, and has failed.
        pauses: how long to wait after each failure in a row.
        gives_up: whether it is held after one failure more, for an administrator to retry or to
            discard. Otherwise the last pause is repeated for ever.
        every: repeats it. It is done once, and not as often as it was missed, where no worker
            ran for a while. It never gives up.
    """

    name: str
    run: Callable[["RunningJob"], Awaitable[None]]
    at_once: int = 2
    seconds: float = 600.0
    pauses: Sequence[timedelta] = PAUSES
    gives_up: bool = True
    every: timedelta | None = None

    def is_held_after(self, attempts: int) -> bool:
        """Whether so many attempts that failed in a row are enough."""
        return self.gives_up and self.every is None and attempts > len(self.pauses)

    def pause_after(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts that failed in a row."""
        pause = self.pauses[min(attempts, len(self.pauses)) - 1]
        return pause if self.every is None else min(pause, self.every)


class TryLaterError(Exception):
    """Something is in the way of a job which need not worry anybody: it is tried again."""


class FailedForGoodError(Exception):
    """There is no use in trying a job again: it is held at once."""


class LostClaimError(Exception):
    """Another worker has the job in hand, or an administrator has discarded it."""
