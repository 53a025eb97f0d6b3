"""The proof that a backup can be restored; and that it fails for one that can't be."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from blog import create_app
from blog.backups.archiving import SLOT
from blog.backups.errors import BackupError
from blog.backups.making import make_backup
from blog.backups.proving import compare_rows, find_newest, prove, verify_files
from blog.backups.records import backup_state, record_run
from blog.backups.restoring import find_backup
from blog.core.clock import now
from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.storage.folder import FolderStorage
from blog.core.web.app import Broadside
from blog.models import BackupAction, BackupRun, Email, Site
from settings import Settings
from tests.backups.support import Clock
from tests.backups.test_damage import flip, truncate
from tests.cli.conftest import Command
from tests.jobs import do_job
from tests.web.test_metrics import figure


async def test_a_backup_is_restored_migrated_and_counted(
    blog: Command, engine: AsyncEngine, files: FolderStorage, tmp_path: Path
) -> None:
    key = str(pyrage.x25519.Identity.generate())
    settings = {
        "database_url": engine.url.render_as_string(),
        "backup_target": tmp_path / "target",
        "backup_key": key,
    }
    assert (await blog("backup", **settings))[0] == 0
    _, output = await blog("check", **settings)
    assert (
        "warning  Backups         none was restored as a proof yet; run blog backup prove" in output
    )
    code, output = await blog("backup", "prove", **settings)
    assert code == 0, output
    assert output.endswith(" all counts right, 3 files of which 3 were read\n")
    assert not (tmp_path / "proof").exists(), "the server and its data are gone"
    _, output = await blog("check", **settings)
    assert "Backups         restored as a proof at" in output

    # The night after: the object is not what was written.
    (dump,) = (tmp_path / "target" / "backups").rglob("database.age")
    flip(dump)
    code, output = await blog("backup", "prove", **settings)
    assert (code, output.count("\n")) == (1, 1), output
    assert "cannot decrypt the backup" in output
    _, output = await blog("check", **settings)
    assert "the last proof failed: cannot decrypt the backup" in output
    async with engine.connect() as connection:
        runs = (await connection.execute(select(BackupRun.action, BackupRun.error))).all()
    assert [(action, error is None) for action, error in runs] == [
        ("backup", True), ("proof", True), ("proof", False)
    ]  # fmt: skip


async def test_a_truncated_dump_is_not_proven(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, tmp_path: Path
) -> None:
    manifest = await make_backup(engine, files, folder, None)
    truncate(tmp_path / "backups" / manifest.database.key)
    with pytest.raises(BackupError, match="bytes instead of"):
        await prove(await find_backup(folder, None), tmp_path / "var")


async def test_rows_counts_and_files_must_be_those_of_the_site(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, tmp_path: Path
) -> None:
    await make_backup(engine, files, folder, None)
    backup = await find_backup(folder, None)
    with pytest.raises(BackupError, match="table users has 1 rows after the restore, and had 2"):
        compare_rows(backup.manifest.rows, backup.manifest.rows | {"users": 2})
    assert await verify_files(backup) == 3
    stored = [each.key for each in await folder.page("files")]
    file = tmp_path / "backups" / stored[1]
    whole = file.read_bytes()
    flip(file)
    with pytest.raises(BackupError, match="is damaged"):
        await verify_files(backup)
    truncate(file)
    with pytest.raises(BackupError, match="bytes instead of"):
        await verify_files(backup)
    file.write_bytes(whole)
    await folder.delete(stored[2])
    with pytest.raises(BackupError, match="is missing in"):
        await verify_files(backup)


async def test_a_backup_with_wrong_counts_is_no_proof(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, tmp_path: Path
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE users SET follower_count = 7"))
    await make_backup(engine, files, folder, None)
    with pytest.raises(BackupError, match="the restored counts are wrong: followers of people: 1"):
        await prove(await find_backup(folder, None), tmp_path / "var")


async def test_an_old_backup_or_one_before_the_last_is_not_the_newest(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, clock: Clock
) -> None:
    clock.forward(days=-1)
    manifest = await make_backup(engine, files, folder, None)
    assert (await find_newest(folder, None, manifest.name)).manifest == manifest
    with pytest.raises(BackupError, match="has no newer backup than"):
        await find_newest(folder, None, "99991231t000000z")
    clock.forward(days=-2)
    await folder.delete(*[each.key for each in await folder.page("backups")])
    await make_backup(engine, files, folder, None)
    with pytest.raises(BackupError, match="is 3 days old"):
        await find_newest(folder, None, None)


@pytest.fixture
async def watched(app: Broadside, make_settings: Callable[..., Settings]) -> Broadside:
    """An application whose administrators are told of its backups."""
    changes = {"backup_target": "s3://backups", "admin_email": "root@example.com"}
    return create_app(make_settings(**changes))


async def add_run(app: Broadside, action: BackupAction, age: timedelta, **columns: str) -> None:
    async with app.database.session() as session:
        ended_at = now() - age
        session.add(
            BackupRun(
                action=action, target="s3://backups", began_at=ended_at, ended_at=ended_at,
                **{"name": "20260101t000000z"} | columns,
            )
        )  # fmt: skip
        await session.commit()


async def mails(app: Broadside) -> list[str]:
    async with app.database.session() as session:
        return list(await session.scalars(select(Email.text).order_by(Email.id)))


async def test_administrators_are_told_once_a_day_of_a_failure_and_of_no_proof(
    app: Broadside, watched: Broadside
) -> None:
    async with watched.test_app():
        async with watched.database.session() as session:
            await session.execute(update(Site).values(created_at=now()))
            await session.commit()
        await do_job(watched, "watch_backups")
        assert await mails(app) == [], "a new site has no backup yet"
        await add_run(app, BackupAction.PROOF, timedelta(hours=47))
        await do_job(watched, "watch_backups")
        assert await mails(app) == []
        await add_run(app, BackupAction.PROOF, timedelta(hours=1), error="the dump is damaged")
        await do_job(watched, "watch_backups")
        await do_job(watched, "watch_backups")
        (mail,) = await mails(app)
        assert "the dump is damaged" in mail
        assert "20260101t000000z" in mail


async def test_administrators_are_told_once_a_day_that_the_log_is_not_archived(
    app: Broadside, watched: Broadside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blog.backups.jobs.CHECK_PAUSE", 0.0)
    slot = {"slot": SLOT}
    async with watched.test_app(), watched.database.session() as session:
        await do_job(watched, "watch_archive")
        assert await mails(app) == [], "this site is not archived"
        await session.execute(text("SELECT pg_create_physical_replication_slot(:slot)"), slot)
        await session.commit()
        try:
            await do_job(watched, "watch_archive")
            await do_job(watched, "watch_archive")
        finally:
            await session.execute(text("SELECT pg_drop_replication_slot(:slot)"), slot)
            await session.commit()
        (mail,) = await mails(app)
        assert "isn't being archived" in mail


async def test_the_metrics_have_the_age_of_the_last_proof(app: Broadside) -> None:
    await add_run(app, BackupAction.BACKUP, timedelta(hours=1))
    await add_run(app, BackupAction.PROOF, timedelta(hours=2))
    assert 3600 <= await figure(app, "backup_age_seconds") < 3700
    assert 7200 <= await figure(app, "backup_proof_age_seconds") < 7300
    assert await figure(app, "backup_failed") == 0


async def test_a_proof_that_is_interrupted_proves_nothing(app: Broadside) -> None:
    with pytest.raises(asyncio.CancelledError):
        async with record_run(app.database, BackupAction.PROOF, "s3://backups") as run:
            run.name = "20260101t000000z"
            raise asyncio.CancelledError
    async with app.database.session() as session:
        state = await backup_state(session)
    assert state.proof is None
    assert state.failure is not None
    assert state.failure.error == "interrupted"


async def test_a_run_counts_even_if_the_database_is_away_at_its_end(
    app: Broadside, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away() -> None:
        raise DatabaseUnavailableError("the database is away")

    monkeypatch.setattr(app.database, "session", away)
    with caplog.at_level(logging.ERROR, logger="blog.backups.records"):
        async with record_run(app.database, BackupAction.BACKUP, "s3://backups") as run:
            run.name = "20260101t000000z"
        with pytest.raises(BackupError, match="the bucket is full"):
            async with record_run(app.database, BackupAction.BACKUP, "s3://backups"):
                raise BackupError("the bucket is full")
    line = "the backup of s3://backups is not recorded: the database is away"
    assert caplog.messages == [line, line]
