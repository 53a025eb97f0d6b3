"""Continuous archiving: base backups of the server, and its write-ahead log as it is written.

An archive is a folder: `base/<name>/` has a base backup, `wal/` the log since the oldest of them.
pg_receivewal streams the log while it is written, so that the last second before a crash is there
(PostgreSQL, "Continuous Archiving and Point-in-Time Recovery"). A replication slot keeps what has
not arrived, so an interruption leaves no gap.
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
from blog.backups.manifest import is_name, made_at, name_of
from blog.core.clock import now
from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.db.dumps import DumpError, Server

log = logging.getLogger(__name__)

SLOT = "broadside_archive"
# How many base backups are kept, and how old the newest may become.
KEPT = 2
BASE_EVERY = timedelta(days=7)
# How long to wait before pg_receivewal is started again, in seconds.
PAUSE = 5.0
# And before the next attempt at a base backup.
BASE_PAUSE = 600.0
# How much of the log may be missing, in bytes.
LARGEST_GAP = 1_000_000_000
# From now on the server keeps its log, before pg_receivewal connects for the first time.
_KEEP_LOG = text("""
    SELECT pg_create_physical_replication_slot(:slot, true)
    WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = :slot)
""")
# `restart_lsn` follows what pg_receivewal has written to its disk.
_STATE = text("""
    SELECT active, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) AS behind
    FROM pg_replication_slots WHERE slot_name = :slot AND NOT pg_is_in_recovery()
""")
# The folders of others are not in the archive.
_TABLESPACES = text("SELECT spcname FROM pg_tablespace WHERE spcname !~ '^pg_'")
# The size of the log's segments, in bytes: `initdb --wal-segsize` chooses it.
_SEGMENT_SIZE = text("SELECT setting FROM pg_settings WHERE name = 'wal_segment_size'")


async def keep_archive(engine: AsyncEngine, folder: Path, stopping: asyncio.Event) -> None:
    """Keep an archive up to date until `stopping` is set.

    What goes wrong, such as a full disk, is logged, and tried again.

    Args:
        engine: the database; its role needs the attribute REPLICATION.
        folder: the archive.
        stopping: ends the work.

    Raises:
        Exception: something that trying again doesn't help against, such as a damaged base backup.
    """
    for part in ("base", "wal"):
        (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    log_is_kept = asyncio.Event()
    receiving = asyncio.create_task(_receive(engine, folder, log_is_kept))
    basing = asyncio.create_task(_keep_bases(engine, folder, log_is_kept))
    stop = asyncio.create_task(stopping.wait())
    try:
        ended, _ = await asyncio.wait(
            [receiving, basing, stop], return_when=asyncio.FIRST_COMPLETED
        )
        for task in ended:
            await task
    finally:
        for task in (receiving, basing, stop):
            task.cancel()
        await asyncio.gather(receiving, basing, stop, return_exceptions=True)


async def _receive(engine: AsyncEngine, folder: Path, log_is_kept: asyncio.Event) -> None:
    """Run pg_receivewal, restarting it if it ends; set `log_is_kept` once nothing can be missed."""
    place = f"--directory={folder / 'wal'}"
    slot = f"--slot={SLOT}"
    reported = ""
    while True:
        error: Exception = DumpError("pg_receivewal has ended")
        try:
            async with engine.begin() as connection:
                await connection.execute(_KEEP_LOG, {"slot": SLOT})
                server = await server_of(connection)
            log_is_kept.set()
            await server.run("pg_receivewal", place, slot, "--synchronous", "--no-loop")
        except (BackupError, DumpError, DatabaseUnavailableError, DBAPIError, OSError) as failure:
            error = failure
        # A line that is repeated forever would hide the others.
        if str(error) != reported:
            log.error("the write-ahead log is not archived in %s: %s", folder, error)
            reported = str(error)
        await asyncio.sleep(PAUSE)


async def _keep_bases(engine: AsyncEngine, folder: Path, log_is_kept: asyncio.Event) -> None:
    """Take a base backup when the newest is too old, and delete the oldest with its log.

    One that begins before the log is kept could not be recovered.
    """
    await log_is_kept.wait()
    while True:
        names = base_names(folder)
        try:
            if not names or now() - made_at(names[-1]) >= BASE_EVERY:
                async with engine.connect() as connection:
                    server = await server_of(connection)
                    if found := (await connection.scalars(_TABLESPACES)).all():
                        raise BackupError(f"an archive has no tablespaces, such as {found[0]}")
                    segment_size = int((await connection.scalars(_SEGMENT_SIZE)).one())
                await take_base(server, folder)
                await asyncio.to_thread(delete_old_bases, folder, segment_size)
        except (BackupError, DumpError, DatabaseUnavailableError, DBAPIError, OSError) as error:
            log.error("no base backup in %s: %s", folder, error)
            await asyncio.sleep(BASE_PAUSE)
        await asyncio.sleep(PAUSE)


async def take_base(server: Server, folder: Path) -> str:
    """Take a base backup, while the server is running.

    Returns:
        Its name.

    Raises:
        DumpError: it failed; nothing is left.
    """
    name = name_of(now())
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


def base_names(folder: Path) -> list[str]:
    """The names of the base backups, the oldest first."""
    with suppress(FileNotFoundError):
        return sorted(each.name for each in (folder / "base").iterdir() if is_name(each.name))
    return []


def delete_old_bases(folder: Path, segment_size: int) -> None:
    """Delete all but the newest base backups, and the log that only they need.

    Args:
        folder: the archive.
        segment_size: the size of the log's segments, in bytes.
    """
    names = base_names(folder)
    for name in names[:-KEPT]:
        shutil.rmtree(folder / "base" / name)
    first = first_segment(folder / "base" / names[-KEPT:][0], segment_size)
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
    """How far the archive is.

    Attributes:
        is_active: whether the log is being received.
        behind: how much of the log has not arrived, in bytes; the server keeps it.
    """

    is_active: bool
    behind: int

    @property
    def is_well(self) -> bool:
        """Whether a lost machine would lose little."""
        return self.is_active and self.behind <= LARGEST_GAP


async def archive_state(connection: AsyncConnection | AsyncSession) -> ArchiveState | None:
    """The state of the archive, as the server knows it; `None` if the site has none."""
    row = (await connection.execute(_STATE, {"slot": SLOT})).one_or_none()
    return None if row is None else ArchiveState(row.active, int(row.behind or 0))
