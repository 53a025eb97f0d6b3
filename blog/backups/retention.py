"""Retention of backups: which to keep, and the deletion of the others."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from blog.backups.files import ListedFile, SortedLookup, read_file_list
from blog.backups.manifest import (
    FILES,
    FOLDER,
    MANIFEST,
    backup_names,
    complete_names,
    made_at,
    object_key,
    read_manifest,
)
from blog.core.clock import now
from blog.core.storage.interface import Storage
from blog.core.storage.listing import list_objects

# Younger objects may belong to a backup that is being made.
UNFINISHED = timedelta(days=1)
# How many objects to delete at a time.
BATCH = 1000


class Rule(NamedTuple):
    """A rule that says which backups to keep: those that any of its parts keeps.

    Attributes:
        days: keep all backups of this many days.
        daily, weekly, monthly: keep the newest backup of each of the last days, weeks (ISO 8601)
            and months (UTC) that have one, up to this number of them.
    """

    days: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    def choose_kept(self, times: Iterable[datetime], today: datetime) -> set[datetime]:
        """Choose which of the backups made at these times to keep; always keeps the newest."""
        newest_first = sorted(times, reverse=True)
        kept = set(newest_first[:1])
        if self.days:
            kept |= {each for each in newest_first if each >= today - timedelta(days=self.days)}
        periods: tuple[tuple[int, Callable[[datetime], object]], ...] = (
            (self.daily, lambda time: time.date()),
            (self.weekly, lambda time: time.isocalendar()[:2]),
            (self.monthly, lambda time: (time.year, time.month)),
        )
        for number, period_of in periods:
            newest: dict[object, datetime] = {}
            for time in newest_first:
                newest.setdefault(period_of(time), time)
            kept |= set(list(newest.values())[:number])
        return kept


async def delete_old_backups(target: Storage, rule: Rule) -> int:
    """Delete the backups that a rule does not keep, and the files that no backup needs.

    The leftovers of unfinished runs are deleted after a day.

    Returns:
        How many backups were deleted.

    Raises:
        BackupError: a backup to keep is damaged, so its files are unknown: no file is deleted.
    """
    complete = await complete_names(target)
    kept = rule.choose_kept(map(made_at, complete), now())
    old = [name for name in complete if made_at(name) not in kept]
    for name in old:
        # Without its manifest it isn't a backup any more, even if this run ends here.
        await target.delete(object_key(name, MANIFEST))
    abandoned = now() - UNFINISHED
    gone = set(await backup_names(target)) - set(complete)
    for name in [*old, *(name for name in gone if made_at(name) < abandoned)]:
        await target.delete(*[each.key async for each in list_objects(target, f"{FOLDER}/{name}")])
    await _delete_unneeded_files(target, [name for name in complete if name not in old])
    return len(old)


async def _delete_unneeded_files(target: Storage, kept: list[str]) -> None:
    """Delete the files that aren't in the list of any of these backups."""
    manifests = [(await read_manifest(target, name)).manifest for name in kept]
    for folder in await _file_folders(target):
        needed = [
            SortedLookup[ListedFile](read_file_list(target, manifest))
            for manifest in manifests
            if manifest.files == folder
        ]
        unneeded: list[str] = []
        async for each in list_objects(target, folder):
            key = each.key.removeprefix(f"{folder}/")
            found = [await files.find(key) for files in needed]
            if not any(found) and each.modified < now() - UNFINISHED:
                unneeded.append(each.key)
            if len(unneeded) >= BATCH:
                await target.delete(*unneeded)
                unneeded.clear()
        if unneeded:
            await target.delete(*unneeded)


async def _file_folders(target: Storage) -> list[str]:
    """The folders with files: one for each key and format."""
    found: list[str] = []
    after = ""
    while page := await target.page(FILES, after, limit=1):
        folder = "/".join(page[0].key.split("/")[:2])
        found.append(folder)
        # The end of this folder.
        after = f"{folder}0"
    return found
