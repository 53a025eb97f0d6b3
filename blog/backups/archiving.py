"""Continuous archiving: base backups of the server, and its write-ahead log as it is written.

An archive is a folder: `base/<name>/` has a base backup, `wal/` the log since the oldest of them.
pg_receivewal streams the log while it is written, so that the last second before a crash is there
(PostgreSQL, "Continuous Archiving and Point-in-Time Recovery"). A replication slot keeps what has
not arrived, so an interruption leaves no gap.
"""

import asyncio
import json
import logging
import os
import shutil
import tarfile
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from blog.backups.errors import BackupError
from blog.backups.making import server_of
from blog.backups.manifest import is_name, made_at, name_of
from blog.backups.scratch import taken
from blog.core.clock import now
from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.db.dumps import DumpError, Server
from blog.core.db.embedded import EmbeddedPostgres
from blog.core.db.postgres_programs import VERSION, system_user

log = logging.getLogger(__name__)

SLOT = "broadside_archive"
# How many base backups are kept, and how old the newest may become.
KEPT = 2
BASE_EVERY = timedelta(days=7)
# How long to wait before pg_receivewal is started again, in seconds.
PAUSE = 5.0
# And before the next attempt at a base backup.
BASE_PAUSE = 600.0
SEGMENT = 16 * 1024 * 1024
# How much of the log may be missing, in bytes.
LARGEST_GAP = 1_000_000_000
# Where a server that recovers finds the log, in its data.
LOG = "recovery_log"
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
# A server that reads a long log takes its time.
RECOVERY_SECONDS = 6 * 3600
POLL_SECONDS = 0.2


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
    """Run pg_receivewal, again and again; set `log_is_kept` once nothing can be missed."""
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
        # The same line again and again would hide the others.
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
                await take_base(server, folder)
                await asyncio.to_thread(delete_old_bases, folder)
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


def delete_old_bases(folder: Path) -> None:
    """Delete all but the newest base backups, and the log that only they need."""
    names = base_names(folder)
    for name in names[:-KEPT]:
        shutil.rmtree(folder / "base" / name)
    first = _first_segment(folder / "base" / names[-KEPT:][0])
    for segment in (folder / "wal").iterdir():
        # The first eight digits are the timeline; a history file is small.
        if len(segment.name) >= 24 and segment.name[8:24] < first[8:]:
            segment.unlink()


def _first_segment(base: Path) -> str:
    """The name of the first segment of the log that a base backup needs."""
    manifest = json.loads((base / "backup_manifest").read_bytes())
    start = min(manifest["WAL-Ranges"], key=lambda part: int(part["Timeline"]))
    high, low = (int(part, 16) for part in start["Start-LSN"].split("/"))
    return f"{int(start['Timeline']):08X}{high:08X}{low // SEGMENT:08X}"


class ArchiveState(NamedTuple):
    """How far the archive is.

    Args:
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


async def recover(folder: Path, file: Path, until: datetime | None, var_dir: Path) -> datetime:
    """Recover the database as it was at a time, and dump it to a file.

    Args:
        folder: the archive.
        file: the file to write, in pg_dump's custom format, which `blog restore` restores.
        until: the time; `None` is the end of the log.
        var_dir: where a server has its data meanwhile: as much as the database, and the log.

    Returns:
        The time of the last transaction that was recovered.

    Raises:
        BackupError: the archive has no base backup before that time, it was not reached, or another
            recovery is running.
        DumpError: the dump failed.
    """
    names = [name for name in base_names(folder) if until is None or made_at(name) < until]
    if not names:
        raise BackupError(f"{folder} has no base backup before that time")
    scratch = var_dir / "recovery"
    data = scratch / "postgres"
    with taken(scratch, "another recovery is running in this VAR_DIR"):
        # What a killed run has left.
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
        try:
            await asyncio.to_thread(_unpack, folder / "base" / names[-1], data)
            await asyncio.to_thread(_copy_log, folder, names[-1], data)
            _write_settings(data, until)
            return await _recover_and_dump(data, file, until)
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


async def _recover_and_dump(data: Path, file: Path, until: datetime | None) -> datetime:
    """Run the server until it has recovered, and dump its database to a file."""
    server = EmbeddedPostgres(data)
    engine = create_async_engine(await asyncio.to_thread(server.start))
    try:
        reached = await _recovered(engine, until)
        async with engine.connect() as connection:
            found = await server_of(connection)
        await found.dump(file)
    finally:
        await engine.dispose()
        await asyncio.to_thread(server.stop)
    return reached


def _unpack(base: Path, data: Path) -> None:
    data.mkdir(mode=0o700, parents=True)
    try:
        with tarfile.open(base / "base.tar.gz") as archive:
            archive.extractall(data, filter="data")
    except (OSError, EOFError, tarfile.TarError) as error:
        raise BackupError(f"the base backup {base} is damaged: {error}") from None
    version = int((data / "PG_VERSION").read_text())
    if version != VERSION:
        raise BackupError(
            f"the archive is of PostgreSQL {version}, and only that of {VERSION} "
            "can be recovered here: use the server's own programs"
        )
    for kept in ("pg_wal", "pg_wal/archive_status", "pg_wal/summaries"):
        (data / kept).mkdir(mode=0o700, exist_ok=True)


def _copy_log(folder: Path, base: str, data: Path) -> None:
    """Copy the log since a base backup; the server may not be allowed to read the archive."""
    first = _first_segment(folder / "base" / base)
    (data / LOG).mkdir(mode=0o700)
    for file in sorted((folder / "wal").iterdir()):
        # The last segment is incomplete; if the server was promoted, so is one of each timeline.
        name = file.name.removesuffix(".partial")
        if len(name) < 24 or name[8:24] >= first[8:]:
            target = data / LOG / name
            if not target.exists():
                shutil.copyfile(file, target)


def _write_settings(data: Path, until: datetime | None) -> None:
    """Let the server read the log up to a time, and then accept writes."""
    lines = [
        f"restore_command = 'cp {LOG}/%f %p'",
        "recovery_target_action = promote",
        "archive_mode = off",
        "primary_conninfo = ''",
        "synchronous_standby_names = ''",
        "listen_addresses = ''",
        "shared_preload_libraries = ''",
    ]
    if until is not None:
        lines.append(f"recovery_target_time = '{until.isoformat()}'")
    # Written last, so they replace those of the other server.
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write("\n".join(["", *lines, ""]))
    (data / "recovery.signal").touch()
    (data / "standby.signal").unlink(missing_ok=True)
    # Whoever ran that server had rules of their own for who may connect.
    (data / "pg_hba.conf").write_text("local all all trust\n")
    _give_to_system_user(data)


def _give_to_system_user(data: Path) -> None:
    """If this process is root, let the user that runs the server own its data."""
    if (user := system_user()) is not None:
        for path in (data, *data.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)


async def _recovered(engine: AsyncEngine, until: datetime | None) -> datetime:
    """Wait for the end of the recovery; returns the time of the last transaction."""
    in_recovery = text("SELECT pg_is_in_recovery()")
    last = text("SELECT pg_last_xact_replay_timestamp()")
    reached: datetime | None = None
    async with asyncio.timeout(RECOVERY_SECONDS):
        while True:
            async with engine.connect() as connection:
                reached = await connection.scalar(last) or reached
                if not await connection.scalar(in_recovery):
                    break
            await asyncio.sleep(POLL_SECONDS)
    if reached is None:
        raise BackupError("the archive has no transaction after its base backup")
    return reached
