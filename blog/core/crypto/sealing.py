"""Encryption of secrets that the site has to read again, such as those of authenticator apps.

AES-256-GCM (NIST SP 800-38D), with a key derived from `SECRET_KEY` by HKDF (RFC 5869). Access to
the database alone is not enough to read them.
"""

import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES, ID_BYTES, NONCE_BYTES = 32, 4, 12


class UnreadableSecretError(Exception):
    """The secret was encrypted with a key that the site no longer has, or for another purpose."""


class Sealer:
    """Encrypts and decrypts secrets.

    A sealed secret starts with the id of its key, so that those of a former key can be found.

    Args:
        keys: the site's keys; the last one encrypts.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        derived = [_derive_key(key) for key in keys]
        self._ciphers = {key_id: AESGCM(key) for key, key_id in derived}
        self.key_id = derived[-1][1]

    def seal(self, secret: bytes, about: str) -> bytes:
        """Encrypt a secret.

        Args:
            secret: the secret.
            about: what it belongs to. It can't be decrypted for anything else, so a row can't be
                given the secret of another row.
        """
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ciphers[self.key_id].encrypt(nonce, secret, about.encode())
        return self.key_id + nonce + sealed

    def open(self, sealed: bytes, about: str) -> bytes:
        """Decrypt a secret.

        Raises:
            UnreadableSecretError: its key is unknown, it was changed, or it belongs to something
                else.
        """
        key_id, rest = sealed[:ID_BYTES], sealed[ID_BYTES:]
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnreadableSecretError
        try:
            return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], about.encode())
        except InvalidTag:
            raise UnreadableSecretError from None


def _derive_key(key: str) -> tuple[bytes, bytes]:
    """Derive the key of the cipher, and its id, which reveals nothing about it."""
    hkdf = HKDF(SHA256(), KEY_BYTES + ID_BYTES, salt=None, info=b"sealed secrets")
    derived = hkdf.derive(key.encode())
    return derived[:KEY_BYTES], derived[KEY_BYTES:]
