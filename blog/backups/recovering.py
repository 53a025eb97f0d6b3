"""Recovering from an archive: the database as it was at any time that the archive covers.

A temporary server, with the PostgreSQL of this machine, replays the log over a base backup. It does
not use the configuration of the original server, which may refer to folders and keys of another
machine.
"""

import asyncio
import os
import re
import shutil
import tarfile
from datetime import datetime
from pathlib import Path

from asyncpg.exceptions import PostgresError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from blog.backups.archiving import base_backup_names, first_segment
from blog.backups.errors import BackupError
from blog.backups.making import server_of
from blog.backups.manifest import made_at
from blog.backups.scratch import hold_lock
from blog.core.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from blog.core.db.postgres_programs import (
    VERSION,
    prepare_for_system_user,
    run_program,
    system_user,
)

# The folder with the log, in the data of the temporary server.
LOG = "recovery_log"
# Replaying a long log takes time.
RECOVERY_SECONDS = 6 * 3600
POLL_SECONDS = 0.2
# The error code of a server that doesn't accept connections yet (PostgreSQL, "Error Codes").
STARTING = "57P03"
# If no connections are allowed during recovery, limits of the original server such as
# `max_connections` don't matter (PostgreSQL, "Hot Standby", "Administrator's Overview").
SETTINGS = {
    "restore_command": f"cp {LOG}/%f %p",
    "recovery_target_action": "promote",
    "hot_standby": "off",
    "log_timezone": "UTC",
}


async def recover(folder: Path, file: Path, until: datetime | None, var_dir: Path) -> datetime:
    """Recover the database as it was at a time, and dump it to a file.

    Args:
        folder: the archive.
        file: the file to write, in pg_dump's custom format, which `blog restore` restores.
        until: the time; `None` is the end of the log.
        var_dir: the folder for the data of the temporary server, which needs as much space as the
            database and the log.

    Returns:
        The time of the last recovered transaction.

    Raises:
        BackupError: the archive has no base backup before that time, its log ends before it or is
            damaged, or another recovery is running.
        DumpError: the dump failed.
    """
    names = [name for name in base_backup_names(folder) if until is None or made_at(name) < until]
    if not names:
        raise BackupError(f"{folder} has no base backup before that time")
    scratch = var_dir / "recovery"
    data = scratch / "postgres"
    with hold_lock(scratch, "another recovery is running in this VAR_DIR"):
        # Remove what a killed run has left behind.
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
        try:
            await asyncio.to_thread(_unpack, folder / "base" / names[-1], data)
            await asyncio.to_thread(_copy_log, folder, names[-1], data)
            _write_settings(data, until)
            return await _recover_and_dump(data, file)
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


async def _recover_and_dump(data: Path, file: Path) -> datetime:
    """Run the server until it has recovered, and dump its database to a file."""
    server = EmbeddedPostgres(data)
    try:
        url = await asyncio.to_thread(server.start)
        engine = create_async_engine(url)
        try:
            reached = await _wait_for_recovery(engine)
            async with engine.connect() as connection:
                found = await server_of(connection)
            await found.dump(file)
        finally:
            await engine.dispose()
    except (EmbeddedPostgresError, PostgresError, DBAPIError, OSError) as error:
        raise BackupError(_find_reason(data, error)) from error
    finally:
        await asyncio.to_thread(server.stop)
    return reached


def _find_reason(data: Path, error: Exception) -> str:
    """Find the reason why the server stopped in its log, which is most specific."""
    log = data / "log"
    lines = log.read_text(errors="replace") if log.exists() else ""
    # Until recovery ends, the server refuses connections, and logs that, too.
    fatal = re.findall("(?:FATAL|PANIC):  (?!the database system is)(.*)", lines)
    if not fatal:
        return f"the recovery failed: {str(error) or type(error).__name__}"
    if "recovery target was reached" not in fatal[0]:
        return f"the recovery failed: {fatal[0]}"
    end = re.findall("last completed transaction was at log time (.*)", lines)
    last = f"its last transaction is of {end[-1]}" if end else "it has no transaction"
    return f"the log ends before that time: {last}"


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
    for folder_name in ("pg_wal", "pg_wal/archive_status", "pg_wal/summaries"):
        (data / folder_name).mkdir(mode=0o700, exist_ok=True)
    # The log of the original server: a file or a folder.
    log = data / "log"
    if log.is_dir():
        shutil.rmtree(log)
    else:
        log.unlink(missing_ok=True)
    prepare_for_system_user(data)
    _change_owner(data)


def _copy_log(folder: Path, base: str, data: Path) -> None:
    """Copy the log since a base backup to where the server is allowed to read it."""
    first = first_segment(
        folder / "base" / base, _read_control_value(data, "Bytes per WAL segment")
    )
    (data / LOG).mkdir(mode=0o700)
    for file in sorted((folder / "wal").iterdir()):
        # The last segment is incomplete; after promotions, so is the last one of each timeline.
        name = file.name.removesuffix(".partial")
        if len(name) < 24 or name[8:24] >= first[8:]:
            target = data / LOG / name
            if not target.exists():
                shutil.copyfile(file, target)


def _read_control_value(data: Path, name: str) -> int:
    """Read a number from the control file of the original server."""
    output = run_program("pg_controldata", folder=data)
    return int(re.findall(rf"{name}: +(\d+)", output)[0])


def _write_settings(data: Path, until: datetime | None) -> None:
    """Configure the server to replay the log up to a time, and then to accept writes."""
    megabytes = _read_control_value(data, "Bytes per WAL segment") // 1024**2
    settings = SETTINGS | {
        "max_prepared_transactions": str(_read_control_value(data, "max_prepared_xacts setting")),
        "min_wal_size": f"{max(80, 2 * megabytes)}MB",
        "max_wal_size": f"{max(1024, 4 * megabytes)}MB",
    }
    if until is not None:
        settings["recovery_target_time"] = until.isoformat()
    lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
    (data / "postgresql.conf").write_text("".join(lines))
    # Clears settings by ALTER SYSTEM on the original server.
    (data / "postgresql.auto.conf").write_text("")
    (data / "recovery.signal").touch()
    (data / "standby.signal").unlink(missing_ok=True)
    # The original server had its own rules for who may connect.
    (data / "pg_hba.conf").write_text("local all all trust\n")
    _change_owner(data)


def _change_owner(data: Path) -> None:
    """If this process is root, give the data to the user that runs the server."""
    if (user := system_user()) is not None:
        for path in (data, *data.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)


async def _wait_for_recovery(engine: AsyncEngine) -> datetime:
    """Wait for the end of the recovery, and return the time of the last transaction."""
    last = text("SELECT pg_last_xact_replay_timestamp()")
    async with asyncio.timeout(RECOVERY_SECONDS):
        while True:
            try:
                async with engine.connect() as connection:
                    reached: datetime | None = await connection.scalar(last)
                break
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != STARTING:
                    raise
                await asyncio.sleep(POLL_SECONDS)
    if reached is None:
        raise BackupError("the archive has no transaction after its base backup")
    return reached
