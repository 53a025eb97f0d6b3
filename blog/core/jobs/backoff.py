"""Exponential backoff with jitter."""

import random

JITTER = 0.2


def add_jitter(seconds: float) -> float:
    """Add up to 20 % of jitter to `seconds`, to avoid a thundering herd."""
    return seconds * random.uniform(1, 1 + JITTER)  # noqa: S311


class Backoff:
    """The delays after consecutive failures.

    Args:
        first: the delay after the first failure, in seconds; it doubles with each further one.
        longest: the maximum delay, in seconds, before jitter.
    """

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0

    def next_pause(self) -> float:
        """Record a failure; returns the delay before the next attempt, in seconds."""
        pause = min(self._first * 2.0**self._failures, self._longest)
        self._failures = min(self._failures + 1, 30)
        return add_jitter(pause)

    def reset(self) -> None:
        """Record a success: the next delay is the first one again."""
        self._failures = 0
