"""The process that compares texts, because two long ones would block the event loop."""

import logging
from typing import cast

from quart import current_app

from blog.core.text.comparison import comparison_html
from blog.core.text.process_pool import OutOfTimeError, OverloadedError, ProcessPool

log = logging.getLogger(__name__)

# The most expensive texts take a tenth of a second.
CPU_SECONDS = 2.0
WALL_SECONDS = 20.0
LONGEST_QUEUE = 50


class Comparisons:
    """Compares texts. The process is started by the first comparison.

    It is separate from the rendering processes, so that people reading old texts don't slow down
    people who write.
    """

    def __init__(self) -> None:
        self._pool = ProcessPool(
            [comparison_html.__module__],
            size=1,
            cpu_seconds=CPU_SECONDS,
            wall_seconds=WALL_SECONDS,
            longest_queue=LONGEST_QUEUE,
        )

    async def html(self, before: str, after: str) -> str | None:
        """Compare two texts (`comparison_html`); `None` if that takes too long or too many wait."""
        try:
            return await self._pool.run(comparison_html, before, after)
        except (OutOfTimeError, OverloadedError) as error:
            log.warning("two texts were not compared: %s", error)
            return None

    async def close(self) -> None:
        """End the process."""
        await self._pool.close()


def comparisons() -> Comparisons:
    """The comparisons of the current application."""
    return cast(Comparisons, current_app.extensions["comparisons"])
