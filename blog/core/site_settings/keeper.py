"""The settings of the site in the memory of each process.

Requests read them without a statement. Each process listens for changes, and polls every
`POLL_SECONDS` anyway.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.database import Database
from blog.core.db.database_errors import DatabaseUnavailableError, is_schema_mismatch
from blog.core.jobs.listener import Listener
from blog.core.site_settings.values import SiteSettings
from blog.models import SiteSetting

log = logging.getLogger(__name__)

# Notified by the transaction of each change.
CHANNEL = "site_settings"
POLL_SECONDS = 30.0
RETRY_SECONDS = 1.0


class SiteSettingsKeeper:
    """Keeps the settings of the site.

    Args:
        database: stores the changes of administrators.
        listener: notifies of changes.
        defaults: the settings before any change.
        on_change: called with the new settings before requests see them.

    Attributes:
        current: the settings in force.
    """

    def __init__(
        self,
        database: Database,
        listener: Listener,
        defaults: SiteSettings,
        on_change: Callable[[SiteSettings], None],
    ) -> None:
        self.defaults = self.current = defaults
        self._database = database
        self._listener = listener
        self._on_change = on_change
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the settings, and follow their changes.

        While the database is unavailable, the defaults are in force.
        """
        await self.try_to_load()
        self._listener.follow(CHANNEL, self._on_notification)
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop following changes."""
        if self._task is not None:
            await self._listener.unfollow(CHANNEL)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def load(self) -> None:
        """Load the settings, unless another statement has already loaded newer ones."""
        async with self._database.reading_session() as session:
            loaded = await read_settings(session, self.defaults)
        if loaded.version > self.current.version:
            self.apply(loaded)

    async def try_to_load(self) -> bool:
        """Load the settings; returns whether that succeeded."""
        try:
            await self.load()
        except (SQLAlchemyError, DatabaseUnavailableError, OSError) as error:
            # Before the migrations the table doesn't exist, which health checks report.
            if not (isinstance(error, DBAPIError) and is_schema_mismatch(error)):
                log.warning("the settings of the site could not be loaded: %s", error)
            return False
        return True

    def apply(self, settings: SiteSettings) -> None:
        """Apply settings in this process."""
        self._on_change(settings)
        self.current = settings

    def _on_notification(self, _payload: str) -> None:
        self._changed.set()

    async def _follow(self) -> None:
        pause = POLL_SECONDS
        while True:
            try:
                async with asyncio.timeout(pause):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            pause = POLL_SECONDS if await self.try_to_load() else RETRY_SECONDS


async def read_settings(
    session: AsyncSession, defaults: SiteSettings, names: Sequence[str] = ()
) -> SiteSettings:
    """Read the stored settings, which may be newer than those in force in this process.

    Args:
        session: for reading.
        defaults: the values of settings that are not stored.
        names: the settings to read; others get their defaults. By default all are read.
    """
    statement = select(SiteSetting.name, SiteSetting.value, SiteSetting.version)
    if names:
        statement = statement.where(SiteSetting.name.in_(names))
    found = (await session.execute(statement)).all()
    version = max((row.version for row in found), default=0)
    return defaults.with_stored(version, {row.name: row.value for row in found})
