"""Password hashing with argon2id, outside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Literal, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from blog.core import metrics
from blog.core.crypto.weak_passwords import normalize

# OWASP Password Storage Cheat Sheet: 19 MiB of memory, 2 iterations, 1 degree of parallelism.
TIME_COST = 2
MEMORY_KIB = 19 * 1024
AT_ONCE = 2

Result = TypeVar("Result")


class MeteredSemaphore(asyncio.Semaphore):
    """A semaphore that reports the number of waiting tasks as a metric."""

    async def acquire(self) -> Literal[True]:
        with metrics.hashes_waiting.track_inprogress():
            return await super().acquire()


@cache
def _hasher(time_cost: int, memory_kib: int) -> PasswordHasher:
    return PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1, type=Type.ID)


@cache
def _dummy_hash(time_cost: int, memory_kib: int) -> str:
    """A hash that no password matches, made once per process."""
    return _hasher(time_cost, memory_kib).hash("nobody has this password")


class Passwords:
    """Hashes and verifies passwords in a bounded number of threads.

    The bound is on threads, not requests: a hash that has started runs to its end, even if its
    client disconnects.

    Args:
        time_cost: iterations.
        memory_kib: memory per hash, in KiB.
        at_once: the number of threads; further requests wait.
        site_name: the name of the site, which is refused as a password.

    Attributes:
        slots: a semaphore of the same size. Acquire it before work that belongs to a hash, such as
            counting a log-in attempt.
    """

    def __init__(
        self,
        time_cost: int = TIME_COST,
        memory_kib: int = MEMORY_KIB,
        at_once: int = AT_ONCE,
        *,
        site_name: str = "",
    ) -> None:
        self.site_name = site_name
        self._hasher = _hasher(time_cost, memory_kib)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="argon2")
        self.slots = MeteredSemaphore(at_once)
        self._free_thread = MeteredSemaphore(at_once)
        self._dummy_hash = _dummy_hash(time_cost, memory_kib)

    async def hash(self, password: str) -> str:
        """Hash a password; the result includes parameters and salt (PHC string format)."""
        return await self._in_thread(self._hasher.hash, normalize(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` matches the hash `stored`.

        `None`, for an unknown user, takes just as long and returns `False`, so that response times
        don't reveal who has an account.
        """
        known = stored or self._dummy_hash
        matches = await self._in_thread(self._verify, known, normalize(password))
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether `stored` was made with other parameters than the current ones."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, function: Callable[..., Result], *arguments: object) -> Result:
        loop = asyncio.get_running_loop()
        async with self._free_thread:
            with metrics.hashes_running.track_inprogress():
                return await loop.run_in_executor(self._threads, function, *arguments)
