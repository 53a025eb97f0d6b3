"""Encryption of backups, in the format of age (age-encryption.org/v1).

Backups can also be decrypted without Broadside, with the program `age`.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

import pyrage

from blog.backups.authentication import compute_code
from blog.backups.errors import BackupError, DamagedBackupError

Result = TypeVar("Result")

# The size of the pieces that a thread produces, in bytes, and how many may be queued.
PIECE = 256 * 1024
MOST_QUEUED = 4
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
        """Whether it also decrypts, and authenticates backups."""
        return self._identity is not None

    def compute_code(self, content: bytes) -> str | None:
        """Compute a code of a manifest that only this key can make; `None` for a public key."""
        return compute_code(content, str(self._identity)) if self._identity else None

    def encrypt(self, content: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Encrypt a stream, with little of it in memory."""
        return _transform(
            content, lambda stream: pyrage.encrypt_io(stream, stream, [self._recipient])
        )

    def decrypt(self, content: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Decrypt a stream.

        Raises:
            BackupError: this is a public key.
            DamagedBackupError: the stream is damaged, incomplete, or encrypted for another key; the
                iterator raises this, perhaps only at its end.
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

        return _transform(content, decrypt)


async def _transform(
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
                # The thread may be waiting for space in the queue.
                while not stream.pieces.empty():
                    stream.pieces.get_nowait()
                await asyncio.wait([work], timeout=0.01)
            if not work.cancelled():
                work.exception()


class _StoppedError(Exception):
    """The consumer doesn't need any more."""


class _Stream:
    """The file-like object that the thread of a transformation reads from and writes to."""

    def __init__(self, content: AsyncGenerator[bytes, None]) -> None:
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_QUEUED)
        self.is_over = False
        self._loop = asyncio.get_running_loop()
        self._content = content
        self._input = memoryview(b"")
        self._output = bytearray()
        self._error: BaseException | None = None

    def run(self, transform: Callable[["_Stream"], None]) -> None:
        """Run the transformation. Errors of the content are raised unchanged."""
        try:
            transform(self)
            self._flush_output()
        except Exception:
            if self._error is not None:
                raise self._error from None
            raise
        finally:
            if not self.is_over:
                self._run_on_loop(self.pieces.put(None))

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes of the content; none at the end."""
        if not self._input:
            try:
                self._input = memoryview(self._run_on_loop(self._next()))
            except Exception as error:
                self._error = error
                raise
        piece, self._input = self._input[:size], self._input[size:]
        return bytes(piece)

    def write(self, data: bytes) -> int:
        """Add data to the output."""
        self._output += data
        if len(self._output) >= PIECE:
            self._flush_output()
        return len(data)

    def flush(self) -> None:
        """Do nothing: the output is passed on in pieces of `PIECE` bytes."""

    def _flush_output(self) -> None:
        if self._output:
            self._run_on_loop(self.pieces.put(bytes(self._output)))
            self._output.clear()

    async def _next(self) -> bytes:
        while (piece := await anext(self._content, None)) is not None:
            if piece:
                return piece
        return b""

    def _run_on_loop(self, step: Coroutine[Any, Any, Result]) -> Result:
        if self.is_over:
            step.close()
            raise _StoppedError
        return asyncio.run_coroutine_threadsafe(step, self._loop).result()
