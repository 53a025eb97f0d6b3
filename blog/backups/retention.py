"""Which backups are kept, and the deletion of the others."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from blog.backups.files import InOrder, ListedFile, listed
from blog.backups.manifest import (
    FILES,
    FOLDER,
    MANIFEST,
    complete_names,
    key_of,
    made_at,
    names,
    read_manifest,
)
from blog.core.clock import now
from blog.core.storage.interface import Storage
from blog.core.storage.listing import list_objects

# What is younger may belong to a backup that is being made.
UNFINISHED = timedelta(days=1)
# Objects are deleted by so many.
BATCH = 1000


class Rule(NamedTuple):
    """What is kept; a backup that any part of the rule keeps is kept.

    Attributes:
        days: all backups of the last days.
        daily, weekly, monthly: the newest backup of each of the last so many days, weeks (ISO 8601)
            and months (UTC) that have one.
    """

    days: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    def kept(self, moments: Iterable[datetime], today: datetime) -> set[datetime]:
        """Those to keep of backups made at these times; the newest is always kept."""
        newest_first = sorted(moments, reverse=True)
        kept = set(newest_first[:1])
        if self.days:
            kept |= {each for each in newest_first if each >= today - timedelta(days=self.days)}
        periods: tuple[tuple[int, Callable[[datetime], object]], ...] = (
            (self.daily, lambda moment: moment.date()),
            (self.weekly, lambda moment: moment.isocalendar()[:2]),
            (self.monthly, lambda moment: (moment.year, moment.month)),
        )
        for number, period_of in periods:
            newest: dict[object, datetime] = {}
            for moment in newest_first:
                newest.setdefault(period_of(moment), moment)
            kept |= set(list(newest.values())[:number])
        return kept


async def delete_old(target: Storage, rule: Rule) -> int:
    """Delete the backups that a rule does not keep, and the files that no backup needs.

    What an unfinished run has left is deleted after a day.

    Returns:
        How many backups were deleted.

    Raises:
        BackupError: a backup that is kept is damaged, so its files are unknown: no file is deleted.
    """
    complete = await complete_names(target)
    kept = rule.kept(map(made_at, complete), now())
    old = [name for name in complete if made_at(name) not in kept]
    for name in old:
        # Without its manifest it is no backup any more, if this run ends here.
        await target.delete(key_of(name, MANIFEST))
    abandoned = now() - UNFINISHED
    gone = set(await names(target)) - set(complete)
    for name in [*old, *(name for name in gone if made_at(name) < abandoned)]:
        await target.delete(*[each.key async for each in list_objects(target, f"{FOLDER}/{name}")])
    await _delete_unneeded_files(target, [name for name in complete if name not in old])
    return len(old)


async def _delete_unneeded_files(target: Storage, kept: list[str]) -> None:
    """Delete the files that are in no list of these backups."""
    manifests = [(await read_manifest(target, name)).manifest for name in kept]
    for folder in await _folders(target):
        needed = [
            InOrder[ListedFile](listed(target, manifest))
            for manifest in manifests
            if manifest.files == folder
        ]
        unneeded: list[str] = []
        async for each in list_objects(target, folder):
            key = each.key.removeprefix(f"{folder}/")
            found = [await files.at(key) for files in needed]
            if not any(found) and each.modified < now() - UNFINISHED:
                unneeded.append(each.key)
            if len(unneeded) >= BATCH:
                await target.delete(*unneeded)
                unneeded.clear()
        if unneeded:
            await target.delete(*unneeded)


async def _folders(target: Storage) -> list[str]:
    """The folders of files: one for each key."""
    found: list[str] = []
    after = ""
    while page := await target.page(FILES, after, limit=1):
        folder = "/".join(page[0].key.split("/")[:2])
        found.append(folder)
        # The end of this folder.
        after = f"{folder}0"
    return found
