"""Check of the file storage."""

import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from blog.checks.configuration import is_loopback
from blog.checks.findings import Finding, ok, serious, warning
from blog.core.storage.interface import StorageError
from blog.core.storage.making import make_storage
from settings import Settings, StorageKind

STORAGE = "STORAGE"
CONTENT = b"This was written by blog check, and may be deleted.\n"
FOLDER_HINT = "give it to the user that runs the site, and check the free space of the disk"
BUCKET_HINT = "check the STORAGE_… settings, and the key's permissions: get, put, list and delete"


async def check_storage(settings: Settings) -> AsyncIterator[Finding]:
    """List the objects, and write, read and delete one."""
    storage = make_storage(settings)
    key = f"check/{secrets.token_hex(16)}.txt"
    # Comes first, because of a write obstore does not tell why a connection failed.
    action = "list"
    try:
        await storage.page("check")
        action = "write"
        await storage.put(key, _content())
        action = "read"
        found = b"".join([piece async for piece in storage.read(key)])
        action = "delete"
        await storage.delete(key)
    except StorageError as error:
        hint = BUCKET_HINT if settings.storage is StorageKind.S3 else FOLDER_HINT
        yield serious(STORAGE, f"cannot {action} files: {error}", hint)
        return
    finally:
        await storage.close()
    if found != CONTENT:
        yield serious(STORAGE, f"{storage.place} returns different content", BUCKET_HINT)
    elif _leaves_in_the_clear(settings):
        text = f"the connection to {storage.place} isn't encrypted"
        yield warning(STORAGE, text, "set STORAGE_ENDPOINT to its https:// address")
    else:
        yield ok(STORAGE, f"files can be written, read, listed and deleted in {storage.place}")


def _leaves_in_the_clear(settings: Settings) -> bool:
    parts = urlsplit(settings.storage_endpoint or "")
    is_used = settings.storage is StorageKind.S3
    return is_used and parts.scheme == "http" and not is_loopback(parts.hostname or "")


async def _content() -> AsyncIterator[bytes]:
    yield CONTENT
