"""Delete stored objects that nothing refers to."""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from pathlib import PurePosixPath

from blog.core.storage.interface import Storage


async def _none_needed(_names: Collection[str]) -> Collection[str]:
    return ()


async def delete_old(
    storage: Storage,
    folder: str,
    before: datetime,
    needed: Callable[[Collection[str]], Awaitable[Collection[str]]] = _none_needed,
) -> None:
    """Delete the objects of a folder that are older than `before`, except for those still needed.

    Args:
        storage: the storage.
        folder: the folder, such as `images`.
        before: objects that were modified at this time or later are kept.
        needed: returns those of the given names that are needed. The name of an object is the last
            part of its key, without the extension. By default none is needed.
    """
    after = ""
    while page := await storage.page(folder, after):
        old = {PurePosixPath(each.key).stem: each.key for each in page if each.modified < before}
        kept = await needed(old)
        await storage.delete(*(key for name, key in old.items() if name not in kept))
        after = page[-1].key
