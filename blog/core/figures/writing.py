"""Write the counts of a process, outside requests."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.exc import DBAPIError

from blog.core.db.database import Database
from blog.core.db.database_errors import is_schema_mismatch
from blog.core.jobs.loop import Loop

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
# The delay before the first write.
FIRST_SECONDS = 3.0
# How long a process that is ending waits for the database.
LAST_SECONDS = 2.0


class Counted(Protocol):
    """Counts in memory."""

    async def write(self, database: Database) -> None:
        """Add the counts to those in the database; if that fails, keep them for the next time."""


class FiguresWriter(Loop):
    """Writes the counts of a process once a minute, and when it ends.

    Args:
        database: open while it runs.
        counted: the counts to write.
    """

    def __init__(self, database: Database, counted: Sequence[Counted]) -> None:
        super().__init__("figures", stop_seconds=1.0)
        self._database = database
        self._counted = counted
        self._has_waited = False

    async def step(self) -> float:
        """Write the counts since the last time."""
        if not self._has_waited:
            self._has_waited = True
            return FIRST_SECONDS
        for each in self._counted:
            await each.write(self._database)
        return EVERY_SECONDS

    async def stop(self) -> None:
        """Stop, and write the remaining counts."""
        was_running = self.is_running
        await super().stop()
        if not was_running:
            return
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self.step()
        except Exception as error:
            # Before the first migrations, there are no tables for counts.
            if not (isinstance(error, DBAPIError) and is_schema_mismatch(error)):
                log.warning("the counts of the last minute are lost: %s", type(error).__name__)
