"""Secrets that the site has to read again are encrypted."""

import pytest

from blog.core.crypto.sealing import Sealer, UnreadableSecretError


def test_a_sealed_secret_opens_only_for_what_it_belongs_to() -> None:
    sealer = Sealer(["a key"])
    sealed = sealer.seal(b"secret", "susan's app")
    assert b"secret" not in sealed
    assert sealer.seal(b"secret", "susan's app") != sealed
    assert sealer.open(sealed, "susan's app") == b"secret"
    with pytest.raises(UnreadableSecretError):
        sealer.open(sealed, "bob's app")
    with pytest.raises(UnreadableSecretError):
        sealer.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "susan's app")


def test_a_former_key_still_opens_what_it_sealed_and_another_does_not() -> None:
    sealed = Sealer(["former"]).seal(b"secret", "x")
    assert Sealer(["former", "present"]).open(sealed, "x") == b"secret"
    with pytest.raises(UnreadableSecretError):
        Sealer(["present"]).open(sealed, "x")
