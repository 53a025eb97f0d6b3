"""Recovering from an archive: the database as it was at any moment that the archive covers.

A server of this machine's own programs replays the log over a base backup. None of the other
server's configuration is used: it may be elsewhere, and name folders and keys of another machine.
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

from blog.backups.archiving import base_names, first_segment
from blog.backups.errors import BackupError
from blog.backups.making import server_of
from blog.backups.manifest import made_at
from blog.backups.scratch import taken
from blog.core.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from blog.core.db.postgres_programs import (
    VERSION,
    prepare_for_system_user,
    run_program,
    system_user,
)

# Where the server finds the log, in its data.
LOG = "recovery_log"
# A server that reads a long log takes its time.
RECOVERY_SECONDS = 6 * 3600
POLL_SECONDS = 0.2
# The error of a server that doesn't accept connections yet (PostgreSQL, "Error Codes").
STARTING = "57P03"
# Without connections before the end of the recovery, the limits of the other server, such as its
# `max_connections`, need not be known (PostgreSQL, "Hot Standby", "Administrator's Overview").
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
        var_dir: where a server has its data meanwhile: as much as the database, and the log.

    Returns:
        The time of the last transaction that was recovered.

    Raises:
        BackupError: the archive has no base backup before that time, its log ends before it or is
            damaged, or another recovery is running.
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
            reached = await _recovered(engine)
            async with engine.connect() as connection:
                found = await server_of(connection)
            await found.dump(file)
        finally:
            await engine.dispose()
    except (EmbeddedPostgresError, PostgresError, DBAPIError, OSError) as error:
        raise BackupError(_why(data, error)) from error
    finally:
        await asyncio.to_thread(server.stop)
    return reached


def _why(data: Path, error: Exception) -> str:
    """Why the server ended, by its own log, which is most specific."""
    log = data / "log"
    lines = log.read_text(errors="replace") if log.exists() else ""
    # Until the end it refuses connections, and logs that, too.
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
    for kept in ("pg_wal", "pg_wal/archive_status", "pg_wal/summaries"):
        (data / kept).mkdir(mode=0o700, exist_ok=True)
    # What that server has logged: a file or a folder.
    log = data / "log"
    if log.is_dir():
        shutil.rmtree(log)
    else:
        log.unlink(missing_ok=True)
    prepare_for_system_user(data)
    _give_to_system_user(data)


def _copy_log(folder: Path, base: str, data: Path) -> None:
    """Copy the log since a base backup; the server may not be allowed to read the archive."""
    first = first_segment(folder / "base" / base, _controlled(data, "Bytes per WAL segment"))
    (data / LOG).mkdir(mode=0o700)
    for file in sorted((folder / "wal").iterdir()):
        # The last segment is incomplete; if the server was promoted, so is one of each timeline.
        name = file.name.removesuffix(".partial")
        if len(name) < 24 or name[8:24] >= first[8:]:
            target = data / LOG / name
            if not target.exists():
                shutil.copyfile(file, target)


def _controlled(data: Path, name: str) -> int:
    """A number that the other server has noted in its data."""
    output = run_program("pg_controldata", folder=data)
    return int(re.findall(rf"{name}: +(\d+)", output)[0])


def _write_settings(data: Path, until: datetime | None) -> None:
    """Let the server read the log up to a time, and then accept writes."""
    megabytes = _controlled(data, "Bytes per WAL segment") // 1024**2
    settings = SETTINGS | {
        "max_prepared_transactions": str(_controlled(data, "max_prepared_xacts setting")),
        "min_wal_size": f"{max(80, 2 * megabytes)}MB",
        "max_wal_size": f"{max(1024, 4 * megabytes)}MB",
    }
    if until is not None:
        settings["recovery_target_time"] = until.isoformat()
    lines = [f"{name} = '{value}'\n" for name, value in settings.items()]
    (data / "postgresql.conf").write_text("".join(lines))
    # What ALTER SYSTEM has set there.
    (data / "postgresql.auto.conf").write_text("")
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


async def _recovered(engine: AsyncEngine) -> datetime:
    """Wait for the end of the recovery; returns the time of the last transaction."""
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
