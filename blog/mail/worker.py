"""Sends what is in the outbox."""

from blog.kit.database import Database
from settings import Settings


class MailWorker:
    """Takes messages from the outbox and sends them."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    async def start(self) -> None:
        """Begin to work in the background; the database is open."""

    async def stop(self) -> None:
        """Finish the message in hand, and end."""
