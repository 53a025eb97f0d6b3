"""Hashing passwords with argon2id, beside the event loop."""

import asyncio

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP Password Storage Cheat Sheet: 19 MiB of memory, 2 iterations, 1 degree of parallelism.
TIME_COST = 2
MEMORY_KIB = 19 * 1024
AT_ONCE = 2


class Passwords:
    """Hashes and checks passwords in threads, a bounded number at a time.

    Args:
        time_cost: iterations.
        memory_kib: memory that a hash takes, in KiB.
        at_once: how many are computed at the same time; the others wait in line.
    """

    def __init__(
        self, time_cost: int = TIME_COST, memory_kib: int = MEMORY_KIB, at_once: int = AT_ONCE
    ) -> None:
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=1, type=Type.ID
        )
        self._turn = asyncio.Semaphore(at_once)
        self._nobodys_hash = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The hash to store, with its parameters and salt inside it (PHC string format)."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one that `stored` was made of.

        With `None`, for a person that does not exist, it takes as long and says no: the
        time of the answer does not tell who has an account.
        """
        async with self._turn:
            matches = await asyncio.to_thread(self._verify, stored or self._nobodys_hash, password)
        return matches and stored is not None

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
