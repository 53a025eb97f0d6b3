"""The application on a machine whose clock is five minutes ahead: `tests.live.clock_ahead:app`."""

import time
from datetime import datetime, timedelta, tzinfo

from asgi import app
from blog.core import clock

__all__ = ["app"]

AHEAD = timedelta(minutes=5)
true_time = time.time


class ClockAhead(datetime):
    """What `blog.core.clock.now` asks."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + AHEAD


time.time = lambda: true_time() + AHEAD.total_seconds()
clock.datetime = ClockAhead  # type: ignore[misc]
