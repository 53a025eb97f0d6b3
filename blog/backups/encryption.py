"""Encryption of backups, in the format of age (age-encryption.org/v1).

So a backup can also be decrypted without Broadside, by the program `age`.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

import pyrage

from blog.backups.authentication import code_of
from blog.backups.errors import BackupError, DamagedBackupError

Result = TypeVar("Result")

# How much a thread collects before it hands it on, in bytes, and how many of these may wait.
PIECE = 256 * 1024
WAITING = 4
SECRET = "AGE-SECRET-KEY-1"  # noqa: S105 (it is how each of them begins)


class BackupKey:
    """A key of age.

    Args:
        text: `AGE-SECRET-KEY-1…`, which encrypts and decrypts, or the public half of such a key,
            `age1…`, which only encrypts.

    Raises:
        BackupError: it is neither.
    """

    def __init__(self, text: str) -> None:
        self._identity: pyrage.x25519.Identity | None = None
        try:
            if text.upper().startswith(SECRET):
                self._identity = pyrage.x25519.Identity.from_str(text)
                self._recipient = self._identity.to_public()
            else:
                self._recipient = pyrage.x25519.Recipient.from_str(text)
        except (pyrage.IdentityError, pyrage.RecipientError):
            raise BackupError("BACKUP_KEY is not a key of age") from None

    @property
    def public(self) -> str:
        """Its public half."""
        return str(self._recipient)

    @property
    def is_secret(self) -> bool:
        """Whether it also decrypts, and proves who made a backup."""
        return self._identity is not None

    def code_of(self, content: bytes) -> str | None:
        """A code of a manifest that only this key can make; `None` for a public key."""
        return code_of(content, str(self._identity)) if self._identity else None

    def encrypted(self, content: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Encrypt a stream, with little of it in memory."""
        return _through(
            content, lambda stream: pyrage.encrypt_io(stream, stream, [self._recipient])
        )

    def decrypted(self, content: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Decrypt a stream.

        Raises:
            BackupError: this key cannot decrypt anything.
            DamagedBackupError: (by the iterator, perhaps only at its end) the stream is damaged or
                incomplete, or encrypted for another key.
        """
        identity = self._identity
        if identity is None:
            raise BackupError(
                "BACKUP_KEY is a public key, which only encrypts: restoring needs the secret one"
            )

        def decrypt(stream: "_Stream") -> None:
            try:
                pyrage.decrypt_io(stream, stream, [identity])
            except (pyrage.DecryptError, OSError) as error:
                reason = str(error)
                if "matching keys" in reason:
                    reason = "it is encrypted with another key than BACKUP_KEY"
                raise DamagedBackupError(f"cannot decrypt the backup: {reason}") from None

        return _through(content, decrypt)


async def _through(
    content: AsyncGenerator[bytes, None], transform: Callable[["_Stream"], None]
) -> AsyncGenerator[bytes, None]:
    """Transform a stream in a thread, and close it at the end."""
    async with aclosing(content):
        stream = _Stream(content)
        work = asyncio.create_task(asyncio.to_thread(stream.run, transform))
        try:
            while (piece := await stream.pieces.get()) is not None:
                yield piece
            await work
        finally:
            stream.is_over = True
            while not work.done():
                # The thread may be waiting for room.
                while not stream.pieces.empty():
                    stream.pieces.get_nowait()
                await asyncio.wait([work], timeout=0.01)
            if not work.cancelled():
                work.exception()


class _StoppedError(Exception):
    """The consumer needs no more."""


class _Stream:
    """What the thread of a transformation reads and writes."""

    def __init__(self, content: AsyncGenerator[bytes, None]) -> None:
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING)
        self.is_over = False
        self._loop = asyncio.get_running_loop()
        self._content = content
        self._given = memoryview(b"")
        self._collected = bytearray()
        self._error: BaseException | None = None

    def run(self, transform: Callable[["_Stream"], None]) -> None:
        """Call the transformation; an error of the content is raised as it was."""
        try:
            transform(self)
            self._hand_on()
        except Exception:
            if self._error is not None:
                raise self._error from None
            raise
        finally:
            if not self.is_over:
                self._wait(self.pieces.put(None))

    def read(self, size: int) -> bytes:
        """Up to `size` bytes of the content; empty at the end."""
        if not self._given:
            try:
                self._given = memoryview(self._wait(self._next()))
            except Exception as error:
                self._error = error
                raise
        piece, self._given = self._given[:size], self._given[size:]
        return bytes(piece)

    def write(self, data: bytes) -> int:
        """Take a part of the result."""
        self._collected += data
        if len(self._collected) >= PIECE:
            self._hand_on()
        return len(data)

    def flush(self) -> None:
        """Do nothing: pieces have a size of their own."""

    def _hand_on(self) -> None:
        if self._collected:
            self._wait(self.pieces.put(bytes(self._collected)))
            self._collected.clear()

    async def _next(self) -> bytes:
        while (piece := await anext(self._content, None)) is not None:
            if piece:
                return piece
        return b""

    def _wait(self, step: Coroutine[Any, Any, Result]) -> Result:
        if self.is_over:
            step.close()
            raise _StoppedError
        return asyncio.run_coroutine_threadsafe(step, self._loop).result()
