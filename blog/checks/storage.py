"""Check of the file storage."""

import secrets
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from blog.checks.configuration import is_loopback
from blog.checks.findings import Finding, ok, serious, warning
from blog.core.storage.interface import StorageError
from blog.core.storage.making import make_storage
from settings import Settings, StorageKind

STORAGE = "STORAGE"
CONTENT = b"This was written by blog check, and may be deleted.\n"
FORMER_CONTENT = b"This was replaced by blog check.\n"
# If the requests of this check take longer in total, uploads and images are slow.
SLOW_SECONDS = 2.0
FOLDER_HINT = "give it to the user that runs the site, and check the free space of the disk"
BUCKET_HINT = "check the STORAGE_… settings, and the key's permissions: get, put, list and delete"


async def check_storage(settings: Settings) -> AsyncIterator[Finding]:
    """List the objects, and write, replace, read and delete one."""
    storage = make_storage(settings)
    key = f"check/{secrets.token_hex(16)}.txt"
    # First, because obstore doesn't say why a connection failed when it writes.
    action = "list"
    began = time.monotonic()
    try:
        await storage.page("check")
        action = "write"
        for content in (FORMER_CONTENT, CONTENT):
            await storage.put(key, _as_stream(content))
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
    seconds = time.monotonic() - began
    if found == FORMER_CONTENT:
        text = f"{storage.place} returns files as they were before they were replaced"
        yield serious(STORAGE, text, "use a store with read-after-write consistency")
    elif found != CONTENT:
        yield serious(STORAGE, f"{storage.place} returns different content", BUCKET_HINT)
    elif _is_unencrypted(settings):
        text = f"the connection to {storage.place} isn't encrypted"
        yield warning(STORAGE, text, "set STORAGE_ENDPOINT to its https:// address")
    elif seconds > SLOW_SECONDS:
        text = f"{storage.place} is slow: five requests took {seconds:.1f} s"
        yield warning(STORAGE, text, "uploads and images wait for it: ask its operator")
    else:
        yield ok(STORAGE, f"files can be written, read, listed and deleted in {storage.place}")


def _is_unencrypted(settings: Settings) -> bool:
    parts = urlsplit(settings.storage_endpoint or "")
    is_used = settings.storage is StorageKind.S3
    return is_used and parts.scheme == "http" and not is_loopback(parts.hostname or "")


async def _as_stream(content: bytes) -> AsyncIterator[bytes]:
    yield content
