"""Authentication of backups: a code of the manifest, and digests of the headers of encrypted files.

Anyone who knows the public half of a key can encrypt for it, so the fact that a file can be
decrypted says nothing about who made it. The secret half makes an authentication code of the
manifest (HMAC, RFC 2104), and the manifest has the digests of all other objects.

A dump is executed while it is read, and its digest is only known at the end. So the manifest also
has the digest of its header, which contains the encrypted key of the file. Nobody else knows that
key, and it authenticates each piece of the file (age-encryption.org/v1, "Payload").
"""

import hashlib
import hmac
from collections.abc import AsyncGenerator
from contextlib import aclosing

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from blog.backups.errors import DamagedBackupError

# The start of the last line of a header, and the maximum length of a header.
LAST_LINE = b"\n--- "
LONGEST_HEADER = 64 * 1024


def compute_code(content: bytes, secret: str) -> str:
    """Compute the authentication code of a manifest, in hexadecimal.

    Args:
        content: the manifest.
        secret: the secret key of age.
    """
    key = HKDF(SHA256(), 32, salt=None, info=b"manifest of a backup").derive(secret.encode())
    return hmac.new(key, content, hashlib.sha256).hexdigest()


class Header:
    """The header at the beginning of an encrypted stream."""

    def __init__(self) -> None:
        self._start = bytearray()
        self._digest: str | None = None

    def add(self, piece: bytes) -> None:
        """Add the next piece of the stream."""
        if self._digest is not None or len(self._start) > LONGEST_HEADER:
            return
        self._start += piece
        last = self._start.find(LAST_LINE)
        end = self._start.find(b"\n", last + len(LAST_LINE)) if last >= 0 else -1
        if end >= 0:
            self._digest = hashlib.sha256(self._start[: end + 1]).hexdigest()

    @property
    def digest(self) -> str | None:
        """Its SHA-256, in hexadecimal; `None` until the whole header has been added."""
        return self._digest


async def check_header(
    content: AsyncGenerator[bytes, None], expected: str, name: str
) -> AsyncGenerator[bytes, None]:
    """Pass a stream through, after comparing the digest of its header.

    Args:
        content: the stream.
        expected: the digest that the header must have.
        name: the name of the object, for the error.

    Raises:
        DamagedBackupError: the header differs; the iterator raises this before its first piece.
    """
    header, start = Header(), b""
    async with aclosing(content):
        while header.digest is None and len(start) <= LONGEST_HEADER:
            piece = await anext(content, b"")
            if not piece:
                break
            header.add(piece)
            start += piece
        if header.digest != expected:
            raise DamagedBackupError(f"{name} is not what was backed up: it has another header")
        yield start
        async for piece in content:
            yield piece
