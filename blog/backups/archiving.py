"""Continuous archiving: base backups of the server, and its write-ahead log as it is written.

An archive is a folder: `base/<name>/` has a base backup, `wal/` the log since the oldest of them.
pg_receivewal streams the log while it is written, so that even the last second before a crash is
archived (PostgreSQL, "Continuous Archiving and Point-in-Time Recovery"). The server retains, by a
replication slot, the part that has not arrived, so that an interruption leaves no gap.
"""

import asyncio
import json
import logging
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from blog.backups.errors import BackupError
from blog.backups.making import server_of
from blog.backups.manifest import backup_name, is_name, made_at
from blog.core.clock import now
from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.db.dumps import DumpError, Server

log = logging.getLogger(__name__)

SLOT = "broadside_archive"
# How many base backups to keep, and how old the newest may become.
BASE_BACKUPS_KEPT = 2
BASE_BACKUP_INTERVAL = timedelta(days=7)
# How long to wait before restarting pg_receivewal, in seconds.
PAUSE = 5.0
# How long to wait before trying a failed base backup again, in seconds.
BASE_BACKUP_PAUSE = 600.0
# How much of the log may be missing, in bytes.
LARGEST_GAP = 1_000_000_000
# From then on, the server retains its log, even before pg_receivewal connects for the first time.
_CREATE_SLOT = text("""
    SELECT pg_create_physical_replication_slot(:slot, true)
    WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = :slot)
""")
# `restart_lsn` follows what pg_receivewal has written to its disk.
_STATE = text("""
    SELECT active, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) AS behind
    FROM pg_replication_slots WHERE slot_name = :slot AND NOT pg_is_in_recovery()
""")
# The folders of tablespaces would not be in the archive.
_TABLESPACES = text("SELECT spcname FROM pg_tablespace WHERE spcname !~ '^pg_'")
# The size of the log's segments, in bytes: `initdb --wal-segsize` chooses it.
_SEGMENT_SIZE = text("SELECT setting FROM pg_settings WHERE name = 'wal_segment_size'")


async def run_archiver(engine: AsyncEngine, folder: Path, stopping: asyncio.Event) -> None:
    """Keep an archive up to date until `stopping` is set.

    Failures, such as a full disk, are logged, and the work is tried again.

    Args:
        engine: the database; its role needs the attribute REPLICATION.
        folder: the archive.
        stopping: the event that ends the work.

    Raises:
        Exception: a failure that trying again doesn't solve, such as a damaged base backup.
    """
    for part in ("base", "wal"):
        (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    slot_exists = asyncio.Event()
    receiver = asyncio.create_task(_receive_log(engine, folder, slot_exists))
    base_backups = asyncio.create_task(_take_base_backups(engine, folder, slot_exists))
    stop = asyncio.create_task(stopping.wait())
    try:
        ended, _ = await asyncio.wait(
            [receiver, base_backups, stop], return_when=asyncio.FIRST_COMPLETED
        )
        for task in ended:
            await task
    finally:
        for task in (receiver, base_backups, stop):
            task.cancel()
        await asyncio.gather(receiver, base_backups, stop, return_exceptions=True)


async def _receive_log(engine: AsyncEngine, folder: Path, slot_exists: asyncio.Event) -> None:
    """Run pg_receivewal, restarting it if it ends; set `slot_exists` once nothing can be missed."""
    place = f"--directory={folder / 'wal'}"
    slot = f"--slot={SLOT}"
    reported = ""
    while True:
        error: Exception = DumpError("pg_receivewal has ended")
        try:
            async with engine.begin() as connection:
                await connection.execute(_CREATE_SLOT, {"slot": SLOT})
                server = await server_of(connection)
            slot_exists.set()
            await server.run("pg_receivewal", place, slot, "--synchronous", "--no-loop")
        except (BackupError, DumpError, DatabaseUnavailableError, DBAPIError, OSError) as failure:
            error = failure
        # The same line over and over would hide other lines.
        if str(error) != reported:
            log.error("the write-ahead log is not archived in %s: %s", folder, error)
            reported = str(error)
        await asyncio.sleep(PAUSE)


async def _take_base_backups(engine: AsyncEngine, folder: Path, slot_exists: asyncio.Event) -> None:
    """Take a base backup when the newest is too old, and delete the oldest with its log.

    This waits for the slot: a base backup that starts before the log is retained could not be
    recovered.
    """
    await slot_exists.wait()
    while True:
        names = base_backup_names(folder)
        try:
            if not names or now() - made_at(names[-1]) >= BASE_BACKUP_INTERVAL:
                async with engine.connect() as connection:
                    server = await server_of(connection)
                    if found := (await connection.scalars(_TABLESPACES)).all():
                        raise BackupError(f"an archive has no tablespaces, such as {found[0]}")
                    segment_size = int((await connection.scalars(_SEGMENT_SIZE)).one())
                await take_base_backup(server, folder)
                await asyncio.to_thread(delete_old_base_backups, folder, segment_size)
        except (BackupError, DumpError, DatabaseUnavailableError, DBAPIError, OSError) as error:
            log.error("no base backup in %s: %s", folder, error)
            await asyncio.sleep(BASE_BACKUP_PAUSE)
        await asyncio.sleep(PAUSE)


async def take_base_backup(server: Server, folder: Path) -> str:
    """Take a base backup while the server is running.

    Returns:
        Its name.

    Raises:
        DumpError: it failed; it leaves nothing behind.
    """
    name = backup_name(now())
    draft = folder / "base" / f".{name}"
    try:
        await server.run(
            "pg_basebackup", f"--pgdata={draft}", "--format=tar", "--gzip", "--wal-method=none",
            "--checkpoint=fast", "--no-password",
        )  # fmt: skip
        draft.rename(folder / "base" / name)
    finally:
        await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
    log.info("base backup %s in %s", name, folder)
    return name


def base_backup_names(folder: Path) -> list[str]:
    """The names of the base backups, the oldest first."""
    with suppress(FileNotFoundError):
        return sorted(each.name for each in (folder / "base").iterdir() if is_name(each.name))
    return []


def delete_old_base_backups(folder: Path, segment_size: int) -> None:
    """Delete all but the newest base backups, and the log that only they need.

    Args:
        folder: the archive.
        segment_size: the size of the log's segments, in bytes.
    """
    names = base_backup_names(folder)
    for name in names[:-BASE_BACKUPS_KEPT]:
        shutil.rmtree(folder / "base" / name)
    first = first_segment(folder / "base" / names[-BASE_BACKUPS_KEPT:][0], segment_size)
    for segment in (folder / "wal").iterdir():
        # The first eight digits are the timeline; a history file is small.
        if len(segment.name) >= 24 and segment.name[8:24] < first[8:]:
            segment.unlink()


def first_segment(base: Path, segment_size: int) -> str:
    """The name of the first segment of the log that a base backup needs."""
    manifest = json.loads((base / "backup_manifest").read_bytes())
    start = min(manifest["WAL-Ranges"], key=lambda part: int(part["Timeline"]))
    high, low = (int(part, 16) for part in start["Start-LSN"].split("/"))
    return f"{int(start['Timeline']):08X}{high:08X}{low // segment_size:08X}"


class ArchiveState(NamedTuple):
    """The state of the archive.

    Attributes:
        is_active: whether the log is being received.
        behind: how much of the log has not arrived, in bytes; the server retains it.
    """

    is_active: bool
    behind: int

    @property
    def is_healthy(self) -> bool:
        """Whether little would be lost with the machine of the database."""
        return self.is_active and self.behind <= LARGEST_GAP


async def archive_state(connection: AsyncConnection | AsyncSession) -> ArchiveState | None:
    """The state of the archive according to the server; `None` if the site has no archive."""
    row = (await connection.execute(_STATE, {"slot": SLOT})).one_or_none()
    return None if row is None else ArchiveState(row.active, int(row.behind or 0))
