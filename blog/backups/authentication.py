"""Who made a backup: a code of its manifest, and the headers of what is encrypted.

Everyone who knows the public half of a key can encrypt for it, so that something can be decrypted
says nothing about who made it. The secret half makes a code of the manifest (HMAC, RFC 2104), and
the manifest has the digests of all the rest.

A dump is executed while it is read, and its digest is known at its end only. So the manifest also
has the digest of its header, which has the key of the file. Nobody else knows that, and each piece
is authenticated with it (age-encryption.org/v1, "Payload").
"""

import hashlib
import hmac
from collections.abc import AsyncGenerator
from contextlib import aclosing

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from blog.backups.errors import DamagedBackupError

# The last line of a header, and how long a header may be.
LAST_LINE = b"\n--- "
LONGEST_HEADER = 64 * 1024


def code_of(content: bytes, secret: str) -> str:
    """The code of a manifest, in hexadecimal.

    Args:
        content: the manifest.
        secret: the secret key of age.
    """
    key = HKDF(SHA256(), 32, salt=None, info=b"manifest of a backup").derive(secret.encode())
    return hmac.new(key, content, hashlib.sha256).hexdigest()


class Header:
    """The header at the beginning of an encrypted stream."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._digest: str | None = None

    def add(self, piece: bytes) -> None:
        """Take the next piece of the stream."""
        if self._digest is not None or len(self._begun) > LONGEST_HEADER:
            return
        self._begun += piece
        last = self._begun.find(LAST_LINE)
        end = self._begun.find(b"\n", last + len(LAST_LINE)) if last >= 0 else -1
        if end >= 0:
            self._digest = hashlib.sha256(self._begun[: end + 1]).hexdigest()

    @property
    def digest(self) -> str | None:
        """Its SHA-256, in hexadecimal; `None` until all of it was added."""
        return self._digest


async def with_header(
    content: AsyncGenerator[bytes, None], expected: str, name: str
) -> AsyncGenerator[bytes, None]:
    """Pass a stream on after its header was compared.

    Args:
        content: the stream.
        expected: the digest of its header.
        name: what it is, for the error.

    Raises:
        DamagedBackupError: (by the iterator, before its first piece) it has another header.
    """
    header, begun = Header(), b""
    async with aclosing(content):
        while header.digest is None and len(begun) <= LONGEST_HEADER:
            piece = await anext(content, b"")
            if not piece:
                break
            header.add(piece)
            begun += piece
        if header.digest != expected:
            raise DamagedBackupError(f"{name} is not what was backed up: it has another header")
        yield begun
        async for piece in content:
            yield piece
