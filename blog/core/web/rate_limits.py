"""Rate limits, shared by all processes.

Each client has a bucket of `Quota.number` requests that refills evenly in `Quota.seconds`: a leaky
bucket in the form of the generic cell rate algorithm (ITU-T I.371), which stores only the time when
the bucket will be full again. A request usually takes from several buckets: the user's, the
address's, and those of the enclosing networks.

A process leases several requests at once from a bucket in the database and spends them locally, and
it caches which buckets are empty. So most requests, and nearly all refusals, cost no statement.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from blog.core.db.database import Database
from blog.core.db.deleting import BATCH, delete_rows
from blog.core.errors import TooManyRequestsError
from blog.core.jobs.cleaning import cleaning_job
from blog.models import RateLimit

MOST_LEASES = 10_000
# A bucket may be reset early, for example by a new password (`forget`); other processes notice
# after at most this long.
EMPTY_CACHE_SECONDS = 60.0

# Rows are locked in the order of their keys, which prevents deadlocks. The clock is read after
# the lock is granted: the start of the transaction could be earlier than what another one wrote
# meanwhile.
TAKE = text("""
    WITH asked AS (
        SELECT * FROM unnest(
            CAST(:keys AS bytea[]), CAST(:wanted AS integer[]),
            CAST(:steps AS interval[]), CAST(:spans AS interval[])
        ) AS asked(key, wanted, step, span)
    )
    INSERT INTO rate_limits AS bucket (key_digest, full_at, taken)
    SELECT key, clock_timestamp() + wanted * step, wanted FROM asked ORDER BY key
    ON CONFLICT (key_digest) DO UPDATE SET (full_at, taken) = (
        SELECT begin + given * step, given
        FROM asked, LATERAL (SELECT clock_timestamp() AS moment) AS clock,
            LATERAL (SELECT greatest(bucket.full_at, moment) AS begin) AS bucket_now,
            LATERAL (SELECT greatest(0, least(wanted, floor(
                extract(epoch FROM moment + span - begin) / extract(epoch FROM step)
            )))::integer AS given) AS share
        WHERE asked.key = excluded.key_digest
    )
    RETURNING key_digest, taken, extract(epoch FROM full_at - clock_timestamp())::float
""")
FORGET = text("DELETE FROM rate_limits WHERE key_digest = ANY(CAST(:keys AS bytea[]))")


class Quota(NamedTuple):
    """A number of requests per period.

    Attributes:
        name: identifies the quota.
        number: the capacity of the bucket, in requests.
        seconds: how long an empty bucket takes to refill.
        at_once: how many requests a process leases at once. Other processes cannot use them; with 1
            the count is exact.
    """

    name: str
    number: int
    seconds: int
    at_once: int = 1

    @property
    def step(self) -> float:
        """The seconds until one more request is available."""
        return self.seconds / self.number

    def times(self, factor: int) -> "Quota":
        """The same quota for `factor` clients together."""
        at_once = self.at_once * factor if self.at_once > 1 else 1
        return self._replace(number=self.number * factor, at_once=at_once)


class Bucket(NamedTuple):
    """The quota of one client, identified by `who`."""

    quota: Quota
    who: str

    @property
    def key(self) -> bytes:
        """The key in the database, a digest, so that no names or addresses are stored."""
        return hashlib.sha256(f"{self.quota.name} {self.who}".encode()).digest()


class QuotaStatus(NamedTuple):
    """What remains of a quota, and in how many seconds it will be full again."""

    quota: Quota
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """The headers that tell clients to slow down before they are refused."""
        name, number, seconds, _ = self.quota
        return {
            "RateLimit-Policy": f'"{name}";q={number};w={seconds}',
            "RateLimit": f'"{name}";r={self.remaining};t={self.reset}',
        }


class Grant(NamedTuple):
    """How many requests a bucket granted, and in how many seconds it will be full again."""

    number: int
    until_full: float

    def until_refilled(self, quota: Quota) -> float:
        """The seconds until an empty bucket has one request."""
        return self.until_full - quota.seconds + quota.step


@dataclass
class _Lease:
    """The requests that a process has leased from a bucket, and the state of the bucket then.

    Attributes:
        left: how many requests remain to spend, until `ends_at`.
        in_bucket: how many remained in the bucket.
        full_at: when the bucket will be full.
        refilled_at: when an empty bucket will have one request.
        empty_until: until when the process refuses without a statement.
    """

    left: int = 0
    in_bucket: int = 0
    full_at: float = 0.0
    refilled_at: float = 0.0
    empty_until: float = 0.0
    ends_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_used_up(self, moment: float) -> bool:
        """Whether a new lease is needed."""
        return not self.left or self.ends_at < moment


class RateLimits:
    """The rate limiter of an application.

    Args:
        database: stores the buckets.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._leases: OrderedDict[Bucket, _Lease] = OrderedDict()

    async def spend(self, *buckets: Bucket) -> list[QuotaStatus]:
        """Take one request from each bucket, or from none if one of them is empty.

        The caller must not hold a connection: this may wait for one.

        Returns:
            What remains of each quota.

        Raises:
            TooManyRequestsError: one of them is empty.
        """
        leases = {bucket: self._lease(bucket) for bucket in buckets}
        while True:
            self.refuse_if_empty(*buckets)
            moment = time.monotonic()
            used_up = {bucket for bucket, lease in leases.items() if lease.is_used_up(moment)}
            if not used_up:
                break
            async with AsyncExitStack() as locks:
                # In a fixed order, which prevents deadlocks within the process.
                for bucket in sorted(used_up):
                    await locks.enter_async_context(leases[bucket].lock)
                # The previous holder of the locks may have leased enough for this request too.
                moment = time.monotonic()
                wanted = {
                    bucket: leases[bucket]
                    for bucket in used_up
                    if leases[bucket].is_used_up(moment) and leases[bucket].empty_until <= moment
                }
                if wanted:
                    await self._refill(wanted)
        for lease in leases.values():
            lease.left -= 1
        return [_status(bucket, lease) for bucket, lease in leases.items()]

    def refuse_if_empty(self, *buckets: Bucket) -> None:
        """Refuse without a statement if this process knows that a bucket is empty.

        Raises:
            TooManyRequestsError: one of the buckets is empty.
        """
        moment = time.monotonic()
        waits = [
            lease.refilled_at - moment
            for bucket in buckets
            if (lease := self._leases.get(bucket)) and moment < lease.empty_until
        ]
        if waits:
            raise TooManyRequestsError(timedelta(seconds=max(waits)))

    def mark_empty(self, bucket: Bucket, wait: timedelta) -> None:
        """Let `refuse_if_empty` refuse a bucket for a while; it need not be in the database."""
        lease, moment = self._lease(bucket), time.monotonic()
        lease.refilled_at = moment + wait.total_seconds()
        lease.empty_until = min(lease.refilled_at, moment + EMPTY_CACHE_SECONDS)

    def give_back(self, *buckets: Bucket) -> None:
        """Return one request to each bucket, for the next request of this process."""
        for bucket in buckets:
            if lease := self._leases.get(bucket):
                lease.left += 1

    async def forget(self, session: AsyncSession, *buckets: Bucket) -> None:
        """Reset some buckets to full; the caller commits."""
        for bucket in buckets:
            self._leases.pop(bucket, None)
        await session.execute(FORGET, {"keys": [bucket.key for bucket in buckets]})

    def _lease(self, bucket: Bucket) -> _Lease:
        lease = self._leases.setdefault(bucket, _Lease())
        self._leases.move_to_end(bucket)
        while len(self._leases) > MOST_LEASES:
            self._leases.popitem(last=False)
        return lease

    async def _refill(self, leases: Mapping[Bucket, _Lease]) -> None:
        wanted = {bucket: bucket.quota.at_once for bucket in leases}
        async with self._database.reading_engine.connect() as connection:
            taken = await take(connection, wanted)
        moment = time.monotonic()
        for bucket, given in taken.items():
            lease, quota = leases[bucket], bucket.quota
            lease.left, lease.full_at = given.number, moment + given.until_full
            lease.in_bucket = max(0, math.floor((quota.seconds - given.until_full) / quota.step))
            lease.ends_at = moment + quota.seconds
            if not given.number:
                lease.refilled_at = moment + given.until_refilled(quota)
                lease.empty_until = min(lease.refilled_at, moment + EMPTY_CACHE_SECONDS)


def _status(bucket: Bucket, lease: _Lease) -> QuotaStatus:
    reset = math.ceil(max(0.0, lease.full_at - time.monotonic()))
    return QuotaStatus(bucket.quota, lease.in_bucket + lease.left, reset)


async def take_one(session: AsyncSession, bucket: Bucket) -> None:
    """Take one request from a bucket in the caller's transaction, undone by a rollback.

    Raises:
        TooManyRequestsError: it is empty.
    """
    (taken,) = (await take(session, {bucket: 1})).values()
    if not taken.number:
        raise TooManyRequestsError(timedelta(seconds=taken.until_refilled(bucket.quota)))


async def take(
    connection: AsyncConnection | AsyncSession, wanted: Mapping[Bucket, int]
) -> dict[Bucket, Grant]:
    """Take requests from buckets in the caller's transaction.

    Args:
        wanted: the maximum number by bucket.

    Returns:
        What each bucket granted.
    """
    by_key = {bucket.key: bucket for bucket in wanted}
    parameters = {
        "keys": list(by_key),
        "wanted": list(wanted.values()),
        "steps": [timedelta(seconds=bucket.quota.step) for bucket in wanted],
        "spans": [timedelta(seconds=bucket.quota.seconds) for bucket in wanted],
    }
    rows = (await connection.execute(TAKE, parameters)).all()
    return {by_key[key]: Grant(number, until_full) for key, number, until_full in rows}


async def delete_full(session: AsyncSession) -> int:
    """Delete a batch of buckets that are full again; the caller commits.

    Returns:
        The number of deleted rows, at most `deleting.BATCH`.
    """
    full = (
        select(RateLimit.key_digest)
        .where(RateLimit.full_at <= func.now())
        .order_by(RateLimit.full_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    which = RateLimit.key_digest.in_(full.scalar_subquery())
    return await delete_rows(session, delete(RateLimit).where(which))


# A client with many addresses fills this table quickly.
DELETE_FULL_RATE_LIMITS = cleaning_job(
    "delete_full_rate_limits", delete_full, every=timedelta(minutes=5)
)
