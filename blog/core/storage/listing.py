"""List a storage, page by page."""

from collections.abc import AsyncIterator

from blog.core.storage.interface import Storage, Stored


async def list_objects(storage: Storage, folder: str) -> AsyncIterator[Stored]:
    """Yield all objects of a folder, in the order of their keys."""
    after = ""
    while page := await storage.page(folder, after):
        for each in page:
            yield each
        after = page[-1].key
