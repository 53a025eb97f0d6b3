"""Hashing passwords."""

import asyncio
import threading

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from blog.core.crypto.passwords import Passwords
from blog.core.crypto.weak_passwords import normalize


@pytest.fixture
def cheap() -> Passwords:
    return Passwords(time_cost=1, memory_kib=8)


async def test_a_hash_is_argon2id_with_owasps_parameters() -> None:
    parameters = extract_parameters(await Passwords().hash("correct horse"))
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19456, 2, 1)


async def test_only_the_same_password_matches(cheap: Passwords) -> None:
    stored = await cheap.hash("correct horse")
    assert await cheap.verify(stored, "correct horse")
    for other in ("Correct horse", "correct horse ", "", "correct", "correct horse\0"):
        assert not await cheap.verify(stored, other)


async def test_the_same_password_is_hashed_differently_each_time(cheap: Passwords) -> None:
    assert await cheap.hash("correct horse") != await cheap.hash("correct horse")


async def test_nobody_has_any_password(cheap: Passwords) -> None:
    for password in ("", "nobody has this password"):
        assert not await cheap.verify(None, password)


@pytest.mark.parametrize("stored", ["!", "$argon2id$v=19$nonsense", "plain text"])
async def test_an_invalid_hash_matches_no_password(cheap: Passwords, stored: str) -> None:
    assert not await cheap.verify(stored, stored)


async def test_a_hash_with_other_parameters_still_matches_and_is_outdated(
    cheap: Passwords,
) -> None:
    stored = await Passwords(time_cost=2, memory_kib=16).hash("correct horse")
    assert await cheap.verify(stored, "correct horse")
    assert cheap.is_outdated(stored)
    assert not cheap.is_outdated(await cheap.hash("correct horse"))


async def test_composed_and_decomposed_characters_are_the_same(cheap: Passwords) -> None:
    stored = await cheap.hash("caf\u00e9 \ufb01n")
    assert await cheap.verify(stored, "cafe\u0301 fin")


def test_the_longest_password_is_normalised_at_once() -> None:
    assert len(normalize("\ufdfa" * 128)) == 128 * 18


class Gated(Passwords):
    """Begins to check, and goes on when the gate is opened."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_kib=8, at_once=2)
        self.begun = threading.Semaphore(0)
        self.gate = threading.Event()

    def _verify(self, stored: str, password: str) -> bool:
        self.begun.release()
        self.gate.wait(5)
        return super()._verify(stored, password)


async def test_no_more_are_computed_at_once_than_allowed_even_when_clients_go_away() -> None:
    passwords = Gated()
    clients = [asyncio.create_task(passwords.verify(None, "correct horse")) for _ in range(10)]
    for _ in range(2):
        assert await asyncio.to_thread(passwords.begun.acquire, timeout=20)
    for client in clients:
        client.cancel()
    await asyncio.wait(clients)
    last = asyncio.create_task(passwords.verify(None, "correct horse"))
    assert not await asyncio.to_thread(passwords.begun.acquire, timeout=0.1)
    passwords.gate.set()
    assert await last is False
