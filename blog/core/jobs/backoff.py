"""Growing pauses between attempts at something that is out of order."""

import random

JITTER = 0.2


def jittered(seconds: float) -> float:
    """`seconds` and up to a fifth more: who failed together shall not come back together."""
    return seconds * random.uniform(1, 1 + JITTER)  # noqa: S311


class Backoff:
    """How long to wait after each failure in a row.

    Args:
        first: the pause after the first failure, in seconds; each further one is twice as long.
        longest: the longest pause, in seconds, before jitter.
    """

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0

    def failed(self) -> float:
        """Count a failure; returns the seconds to wait before the next attempt."""
        pause = min(self._first * 2.0**self._failures, self._longest)
        self._failures = min(self._failures + 1, 30)
        return jittered(pause)

    def succeeded(self) -> None:
        """Begin again with the first pause."""
        self._failures = 0
