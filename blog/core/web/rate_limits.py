"""How often somebody may do something in a while, counted for all processes together.

Each client has a bucket of `Quota.number` requests, which refills evenly in `Quota.seconds`: a
leaky bucket, kept as the generic cell rate algorithm (ITU-T I.371) keeps it, by the time when the
bucket will be full again. A request usually takes from several buckets: the person's, the
address's, and those of the networks around it.

A process takes some requests at once out of a bucket in the database and hands them out without
asking again; and it remembers which buckets are empty. So most requests, and nearly all refusals,
cost no statement.

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
from blog.core.db.deleting import BATCH, deleted
from blog.core.errors import TooManyRequestsError
from blog.models import RateLimit

MOST_LEASES = 10_000
# A bucket may be filled before its time, such as by a new password (`forget`); other processes
# notice after at most this long.
REMEMBERED_SECONDS = 60.0

# All rows are locked in the order of their keys, so that two requests never wait for each other.
# The clock is read after the lock was waited for: the time of the transaction's beginning could
# be before what another one has written meanwhile.
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
    """So many requests in so many seconds.

    Attributes:
        name: tells one quota from another.
        number: how many requests the full bucket holds.
        seconds: how long an empty one takes to be full again.
        at_once: how many requests a process takes at once. What it has taken is lost to the
            others; with 1 the count is exact.
    """

    name: str
    number: int
    seconds: int
    at_once: int = 1

    @property
    def step(self) -> float:
        """After how many seconds there is room for one request more."""
        return self.seconds / self.number

    def times(self, factor: int) -> "Quota":
        """The same quota for so many clients together, and as exact."""
        at_once = self.at_once * factor if self.at_once > 1 else 1
        return self._replace(number=self.number * factor, at_once=at_once)


class Bucket(NamedTuple):
    """The quota of one client, who is told from others by `who`."""

    quota: Quota
    who: str

    @property
    def key(self) -> bytes:
        """What stands for it in the database, where neither names nor addresses are kept."""
        return hashlib.sha256(f"{self.quota.name} {self.who}".encode()).digest()


class Standing(NamedTuple):
    """What is left of a quota, and in how many seconds all of it will be there again."""

    quota: Quota
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """What tells a client, so that it slows down before it has to."""
        name, number, seconds, _ = self.quota
        return {
            "RateLimit-Policy": f'"{name}";q={number};w={seconds}',
            "RateLimit": f'"{name}";r={self.remaining};t={self.reset}',
        }


class Taken(NamedTuple):
    """What somebody was given out of a bucket, and in how many seconds it will be full again."""

    number: int
    until_full: float

    def until_refilled(self, quota: Quota) -> float:
        """In how many seconds there is room for one request more, where there was none."""
        return self.until_full - quota.seconds + quota.step


@dataclass
class _Lease:
    """What a process has taken out of a bucket, and how the bucket stood then.

    Attributes:
        left: how many requests it may still hand out, until `ends_at`.
        in_bucket: how many were left in the bucket.
        full_at: when the bucket will be full.
        refilled_at: when an empty one will have room for one request.
        empty_until: until when the process refuses without looking into the database again.
    """

    left: int = 0
    in_bucket: int = 0
    full_at: float = 0.0
    refilled_at: float = 0.0
    empty_until: float = 0.0
    ends_at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_used_up(self, moment: float) -> bool:
        """Whether the database has to be asked for more."""
        return not self.left or self.ends_at < moment


class RateLimits:
    """The buckets of an application's clients.

    Args:
        database: where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._leases: OrderedDict[Bucket, _Lease] = OrderedDict()

    async def spend(self, *buckets: Bucket) -> list[Standing]:
        """Take one request out of each of some buckets, or of none if one of them is empty.

        The caller holds no connection: this may have to wait for one.

        Returns:
            What is left in each.

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
                # In one order, so that two requests of this process never wait for each other.
                for bucket in sorted(used_up):
                    await locks.enter_async_context(leases[bucket].lock)
                # Whoever held the locks before may have taken enough for this request too.
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
        return [_standing(bucket, lease) for bucket, lease in leases.items()]

    def refuse_if_empty(self, *buckets: Bucket) -> None:
        """Refuse what this process knows it would have to refuse, without a statement.

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

    def remember_empty(self, bucket: Bucket, wait: timedelta) -> None:
        """Let `refuse_if_empty` refuse a bucket for a while, which needs not be in the database."""
        lease, moment = self._lease(bucket), time.monotonic()
        lease.refilled_at = moment + wait.total_seconds()
        lease.empty_until = min(lease.refilled_at, moment + REMEMBERED_SECONDS)

    def give_back(self, *buckets: Bucket) -> None:
        """Put one request back into each bucket, for the next one who comes to this process."""
        for bucket in buckets:
            if lease := self._leases.get(bucket):
                lease.left += 1

    async def forget(self, session: AsyncSession, *buckets: Bucket) -> None:
        """Let some buckets be full; the caller commits."""
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
                lease.empty_until = min(lease.refilled_at, moment + REMEMBERED_SECONDS)


def _standing(bucket: Bucket, lease: _Lease) -> Standing:
    reset = math.ceil(max(0.0, lease.full_at - time.monotonic()))
    return Standing(bucket.quota, lease.in_bucket + lease.left, reset)


async def take_one(session: AsyncSession, bucket: Bucket) -> None:
    """Take one request out of a bucket within the caller's transaction, and only if it commits.

    Raises:
        TooManyRequestsError: it is empty.
    """
    (taken,) = (await take(session, {bucket: 1})).values()
    if not taken.number:
        raise TooManyRequestsError(timedelta(seconds=taken.until_refilled(bucket.quota)))


async def take(
    connection: AsyncConnection | AsyncSession, wanted: Mapping[Bucket, int]
) -> dict[Bucket, Taken]:
    """Take requests out of buckets, within the caller's transaction.

    Args:
        wanted: how many of each, at most.

    Returns:
        How many were there.
    """
    by_key = {bucket.key: bucket for bucket in wanted}
    parameters = {
        "keys": list(by_key),
        "wanted": list(wanted.values()),
        "steps": [timedelta(seconds=bucket.quota.step) for bucket in wanted],
        "spans": [timedelta(seconds=bucket.quota.seconds) for bucket in wanted],
    }
    rows = (await connection.execute(TAKE, parameters)).all()
    return {by_key[key]: Taken(number, until_full) for key, number, until_full in rows}


async def delete_full(session: AsyncSession) -> int:
    """Delete some buckets that are full again; the caller commits.

    Returns:
        How many it were, up to `deleting.BATCH`.
    """
    full = (
        select(RateLimit.key_digest)
        .where(RateLimit.full_at <= func.now())
        .order_by(RateLimit.full_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    which = RateLimit.key_digest.in_(full.scalar_subquery())
    return await deleted(session, delete(RateLimit).where(which))
