"""What is put into a storage, and read from it."""

from collections.abc import AsyncIterator

from blog.core.storage.interface import Storage


async def chunks(*given: bytes) -> AsyncIterator[bytes]:
    """Content that arrives in these chunks."""
    for chunk in given:
        yield chunk


async def long_content(chunk: bytes, number: int) -> AsyncIterator[bytes]:
    """The same chunk several times, without being kept anywhere."""
    for _ in range(number):
        yield chunk


async def content_of(storage: Storage, key: str, start: int = 0, stop: int | None = None) -> bytes:
    """What an object has in it."""
    return b"".join([piece async for piece in storage.read(key, start, stop)])
