"""The streaming replicas of a database, and the choice of one for a request."""

import asyncio
from collections.abc import Iterator

from blog.core.db.database import Database
from blog.core.db.replica import Replica
from database_urls import urls_of_hosts


class Replicas:
    """The hot standbys of a database.

    Args:
        url: their URL, with a host for each. The primary may be among them, because a failover
            changes the roles: only those that are standbys are read from.
        primary: their primary, which must be open while this is open.

    Usage: `open()`, then `choose()` any number of times, finally `await close()`.
    """

    def __init__(self, url: str, primary: Database) -> None:
        self._all = [Replica(each, primary) for each in urls_of_hosts(url)]
        self._turn = 0

    def __iter__(self) -> Iterator[Replica]:
        return iter(self._all)

    def open(self) -> None:
        """Start to monitor them. Does not fail if they are unreachable."""
        for replica in self._all:
            replica.open()

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(replica.close() for replica in self._all))

    def choose(self, position: int) -> Replica | None:
        """Choose a replica that has replayed the primary's log up to `position`, in rotation.

        A request keeps to its choice: another replica may be further behind, so a row could be
        there for one statement and missing for the next.

        Returns:
            `None` if there is none, so the request has to read from the primary.
        """
        fit = [replica for replica in self._all if replica.has(position)]
        self._turn += 1
        return fit[self._turn % len(fit)] if fit else None
