"""How many requests somebody may send in a while, counted for all processes together.

Each client has a bucket that holds `Quota.number` requests, and fills up again evenly in
`Quota.seconds` (a leaky bucket, as the generic cell rate algorithm of ATM keeps it: by a single
time, when the bucket will be full). A process takes some requests at once out of the bucket in the
database, and gives them to the client without asking again: most requests cost no statement.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from quart import request
from sqlalchemy import text

from blog.errors import TooManyRequestsError
from blog.kit.database import Database
from blog.kit.networks import parsed_address, subscriber_of

MOST_LEASES = 10_000
OLD_ROWS_AT_A_TIME = 20

# `now()` is when the transaction began: whoever had to wait for another finds a bucket from later.
TAKE = text("""
    INSERT INTO rate_limits AS bucket (key_digest, full_at, taken)
    VALUES (:key, now() + :wanted * CAST(:step AS interval), :wanted)
    ON CONFLICT (key_digest) DO UPDATE SET (full_at, taken) = (
        SELECT begin + given * CAST(:step AS interval), given
        FROM (SELECT greatest(bucket.full_at, now()) AS begin) AS bucket_now,
            LATERAL (SELECT greatest(0, least(:wanted, floor(
                extract(epoch FROM now() + CAST(:span AS interval) - begin)
                / extract(epoch FROM CAST(:step AS interval))
            )))::integer AS given) AS share
    )
    RETURNING taken, extract(epoch FROM full_at - now())::float, xmax = 0
""")
DELETE_OLD = text("""
    DELETE FROM rate_limits WHERE key_digest IN (
        SELECT key_digest FROM rate_limits WHERE full_at <= now()
        ORDER BY full_at LIMIT :number FOR UPDATE SKIP LOCKED
    )
""")


class Quota(NamedTuple):
    """So many requests in so many seconds; `name` tells one quota from another."""

    name: str
    number: int
    seconds: int

    @property
    def step(self) -> float:
        """After how many seconds there is room for one request more."""
        return self.seconds / self.number

    @property
    def at_once(self) -> int:
        """How many a process takes at once: few enough for the others to get theirs."""
        return max(1, self.number // 20)


def requesting_address() -> str:
    """Who sends the current request, by the network address; of IPv6 it is the subscriber's."""
    address = parsed_address(request.remote_addr)
    return f"address {address and subscriber_of(address)}"


class Standing(NamedTuple):
    """What is left of a quota, and in how many seconds all of it will be there again."""

    quota: Quota
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """What tells a client, so that it slows down before it has to."""
        name, number, seconds = self.quota
        return {
            "RateLimit-Policy": f'"{name}";q={number};w={seconds}',
            "RateLimit": f'"{name}";r={self.remaining};t={self.reset}',
        }


@dataclass
class _Lease:
    """What a process has taken out of a bucket, and how the bucket stood then."""

    left: int = 0
    in_bucket: int = 0
    full_at: float = 0.0
    ends_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class RateLimits:
    """The quotas of an application's clients.

    Args:
        database: where the buckets are.
        is_on: whether there is any limit.
    """

    def __init__(self, database: Database, *, is_on: bool) -> None:
        self._database = database
        self._is_on = is_on
        self._leases: OrderedDict[bytes, _Lease] = OrderedDict()

    async def spend(self, quota: Quota, who: str) -> Standing | None:
        """Let somebody have one request.

        Args:
            quota: which of his quotas it comes from.
            who: tells one client from another.

        Returns:
            What is left; `None` where there are no limits.

        Raises:
            TooManyRequestsError: nothing is left at the moment.
        """
        if not self._is_on:
            return None
        key = hashlib.sha256(f"{quota.name} {who}".encode()).digest()
        lease = self._leases.setdefault(key, _Lease())
        self._leases.move_to_end(key)
        async with lease.lock:
            if not lease.left or lease.ends_at < time.monotonic():
                await self._take(key, quota, lease)
            if not lease.left:
                wait = lease.full_at - time.monotonic() - quota.seconds + quota.step
                raise TooManyRequestsError(timedelta(seconds=wait))
            lease.left -= 1
        while len(self._leases) > MOST_LEASES:
            self._leases.popitem(last=False)
        reset = math.ceil(max(0.0, lease.full_at - time.monotonic()))
        return Standing(quota, lease.in_bucket + lease.left, reset)

    async def _take(self, key: bytes, quota: Quota, lease: _Lease) -> None:
        parameters = {
            "key": key,
            "wanted": quota.at_once,
            "step": timedelta(seconds=quota.step),
            "span": timedelta(seconds=quota.seconds),
        }
        async with self._database.engine.begin() as connection:
            taken, until_full, is_new = (await connection.execute(TAKE, parameters)).one()
            if is_new:
                # More than one client adds, so that none pile up.
                await connection.execute(DELETE_OLD, {"number": OLD_ROWS_AT_A_TIME})
        moment = time.monotonic()
        lease.left, lease.full_at = taken, moment + until_full
        lease.in_bucket = math.floor((quota.seconds - until_full) / quota.step)
        lease.ends_at = moment + quota.seconds
