"""Surrogate keys that have changed: marked in the transaction of the change, until they are purged.

A page that was read before the change may reach the cache after the purge, or come from a replica
that is behind. So each key is purged again `AGAIN_AFTER` seconds later, which is longer than any
response takes and than a replica may be behind. Until then its pages are not cached for long.
"""

from collections.abc import Collection

from sqlalchemy import ARRAY, String, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

# In the `AsyncSession.info` of an application whose pages are purged.
PURGES = "purges"
AGAIN_AFTER = 45.0
_MARK = text("""
    INSERT INTO stale_keys (key, due_at)
    SELECT key, clock_timestamp() + make_interval(secs => seconds)
    FROM unnest(:keys) AS key, (VALUES (0), (:again)) AS pause (seconds)
""").bindparams(bindparam("keys", type_=ARRAY(String)), again=AGAIN_AFTER)

_ARE_STALE = text("SELECT EXISTS (SELECT FROM stale_keys WHERE key = ANY(:keys))").bindparams(
    bindparam("keys", type_=ARRAY(String))
)


async def mark(session: AsyncSession, *keys: str) -> None:
    """Mark keys whose pages are to be purged after the commit; the caller commits.

    Without a cache that is purged, this does nothing.
    """
    if keys and session.info.get(PURGES):
        await session.execute(_MARK, {"keys": sorted(set(keys))})


async def are_stale(session: AsyncSession, keys: Collection[str]) -> bool:
    """Whether one of these keys was marked in the last `AGAIN_AFTER` seconds, or is still
    unpurged."""
    return bool(await session.scalar(_ARE_STALE, {"keys": list(keys)}))
