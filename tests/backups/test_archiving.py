"""A site whose machine is lost, and one whose posts were deleted: both come back."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from blog.backups import archiving
from blog.backups.archiving import (
    archive_state,
    base_backup_names,
    delete_old_base_backups,
    run_archiver,
)
from blog.backups.errors import BackupError
from blog.backups.recovering import recover
from blog.backups.scratch import hold_lock
from blog.core.db.dumps import DumpError
from blog.core.db.embedded import EmbeddedPostgres
from blog.core.db.postgres_programs import (
    PROGRAMS,
    prepare_for_system_user,
    run_program,
    system_user,
)
from tests.servers import START_SECONDS, until

FAST = {"fsync": "off", "full_page_writes": "on", "shared_buffers": "16MB"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server of its own, which the test may kill."""
    server = EmbeddedPostgres(tmp_path / "var" / "postgres", FAST)
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


@pytest.fixture
async def other_server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server that somebody else has configured, with other limits and larger segments."""
    folder = tmp_path / "other" / "postgres"
    folder.mkdir(parents=True)
    prepare_for_system_user(folder)
    if (user := system_user()) is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    accounts = ["--username=postgres", "--auth=trust", "--no-sync"]
    run_program("initdb", "-D", ".", "--wal-segsize=64", *accounts, folder=folder)
    server = EmbeddedPostgres(
        folder, FAST | {"max_connections": "400", "max_worker_processes": "20"}
    )
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


async def test_a_lost_machine_loses_nothing_and_a_mistake_is_undone(
    other_server: EmbeddedPostgres, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = other_server
    archive, stopping = tmp_path / "archive", asyncio.Event()
    engine = create_async_engine(server.start())
    # As Debian's packages do: the configuration isn't in the folder of the data.
    (server.folder / "postgresql.conf").unlink()

    async def execute(statement: str) -> None:
        async with engine.begin() as connection:
            await connection.execute(text(statement))

    async def ask(question: str) -> datetime | int | None:
        async with engine.connect() as connection:
            answer: datetime | int | None = await connection.scalar(text(question))
            return answer

    async def has_base() -> bool:
        return bool(base_backup_names(archive))

    async def has_all() -> bool:
        behind = "SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= pg_current_wal_lsn()"
        return await ask(behind) == 1

    await execute("CREATE TABLE songs (title text)")
    async with engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        # What is on that machine only.
        await alone.execute(text("ALTER SYSTEM SET unix_socket_group = 'of_that_machine'"))
    with caplog.at_level(logging.ERROR, logger="blog.backups.archiving"):
        keeping = asyncio.create_task(run_archiver(engine, archive, stopping))
        await until(has_base)
        await execute("INSERT INTO songs VALUES ('one'), ('two')")
        before = await ask("SELECT clock_timestamp()")
        assert isinstance(before, datetime)
        await execute("DELETE FROM songs")
        await execute("INSERT INTO songs VALUES ('the last')")
        await until(has_all)
        # The machine is lost, with all that was on it.
        await engine.dispose()
        lines = (server.folder / "postmaster.pid").read_text().splitlines()
        psutil.Process(int(lines[0])).kill()
        stopping.set()
        await keeping
    # Nothing that is needed goes.
    delete_old_base_backups(archive, 64 * 1024 * 1024)
    with pytest.raises(BackupError, match="has no base backup before that time"):
        await recover(
            archive, tmp_path / "x.dump", datetime.fromtimestamp(0, before.tzinfo), tmp_path
        )
    assert await songs_after(archive, tmp_path, None) == {"the last"}
    assert await songs_after(archive, tmp_path, before) == {"one", "two"}
    with pytest.raises(BackupError, match="log ends before that time: its last transaction is of"):
        await songs_after(archive, tmp_path, before + timedelta(days=1))
    with (
        hold_lock(tmp_path / "other" / "recovery", "held by the test"),
        pytest.raises(BackupError, match="another recovery is running"),
    ):
        await recover(archive, tmp_path / "x.dump", None, tmp_path / "other")


async def songs_after(archive: Path, tmp_path: Path, moment: datetime | None) -> set[str]:
    """The songs in the dump of what is recovered."""
    file = tmp_path / "recovered.dump"
    await recover(archive, file, moment, tmp_path / "other")
    program = await asyncio.create_subprocess_exec(
        PROGRAMS / "pg_restore", "--data-only", "--file=-", file, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await program.communicate()
    return {"one", "two", "the last"} & set(output.decode().splitlines())


async def test_a_full_disk_is_one_line_and_the_archive_goes_on_when_there_is_room(
    server: EmbeddedPostgres, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("blog.backups.archiving.PAUSE", 0.2)
    archive, stopping = tmp_path / "archive", asyncio.Event()
    (archive / "wal").mkdir(parents=True)
    engine = create_async_engine(server.start())
    async with engine.connect() as connection:
        name = await connection.scalar(text("SELECT pg_walfile_name(pg_current_wal_lsn())"))
    full = archive / "wal" / f"{name}.partial"
    full.symlink_to("/dev/full")
    keeping = asyncio.create_task(run_archiver(engine, archive, stopping))

    async def is_reported() -> bool:
        return "No space left on device" in caplog.text

    async def is_received() -> bool:
        async with engine.connect() as connection:
            return await connection.scalar(text("SELECT active FROM pg_replication_slots")) is True

    with caplog.at_level(logging.ERROR, logger="blog.backups.archiving"):
        await until(is_reported)
    assert "the write-ahead log is not archived in" in caplog.text
    assert (caplog.text.count("No space left"), "Traceback" in caplog.text) == (1, False)
    async with engine.connect() as connection:
        state = await archive_state(connection)
    assert state is not None
    full.unlink()
    await until(is_received)
    stopping.set()
    await keeping
    await engine.dispose()


async def test_the_server_keeps_its_log_before_the_first_base_backup_begins(
    server: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_async_engine(server.start())
    asked: asyncio.Queue[bool] = asyncio.Queue()

    async def begin(*_: object) -> str:
        async with engine.connect() as connection:
            kept = "SELECT count(restart_lsn) = 1 FROM pg_replication_slots"
            asked.put_nowait(await connection.scalar(text(kept)) is True)
        raise DumpError("not now")

    monkeypatch.setattr(archiving, "take_base_backup", begin)
    stopping = asyncio.Event()
    keeping = asyncio.create_task(run_archiver(engine, tmp_path / "archive", stopping))
    async with asyncio.timeout(START_SECONDS):
        assert await asked.get()
    stopping.set()
    await keeping
    await engine.dispose()


async def test_a_server_with_tablespaces_is_refused(
    server: EmbeddedPostgres, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = create_async_engine(server.start(), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("SET allow_in_place_tablespaces = on"))
        await connection.execute(text("CREATE TABLESPACE fast LOCATION ''"))

    async def is_reported() -> bool:
        return "an archive has no tablespaces, such as fast" in caplog.text

    archive, stopping = tmp_path / "archive", asyncio.Event()
    with caplog.at_level(logging.ERROR, logger="blog.backups.archiving"):
        keeping = asyncio.create_task(run_archiver(engine, archive, stopping))
        await until(is_reported)
    assert base_backup_names(archive) == []
    stopping.set()
    await keeping
    await engine.dispose()


async def test_an_archive_that_can_t_go_on_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ValueError("no manifest")

    monkeypatch.setattr(archiving, "_receive_log", fail)
    monkeypatch.setattr(archiving, "_take_base_backups", fail)
    engine = create_async_engine("postgresql+asyncpg://127.0.0.1:1/x")
    with pytest.raises(ValueError, match="no manifest"):
        await run_archiver(engine, tmp_path, asyncio.Event())
