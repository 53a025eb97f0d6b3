"""`blog backup` and `blog restore`."""

import asyncio
import signal
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from blog.backups.archiving import run_archiver
from blog.backups.encryption import BackupKey
from blog.backups.errors import BackupError
from blog.backups.making import NO_SITE, make_backup, server_of, tables_of
from blog.backups.manifest import Manifest, complete_names, read_manifest
from blog.backups.proving import find_newest, prove
from blog.backups.records import last_backup_name, record_run
from blog.backups.recovering import recover
from blog.backups.restoring import Backup, find_backup, restore_all_files, restore_database
from blog.backups.retention import Rule, delete_old_backups
from blog.backups.targets import choose_target, is_file, load_key, open_new_target, open_target
from blog.cli.running import asynchronous, open_app
from blog.core.db import migrations
from blog.core.db.migrations import NEWER, OUTDATED, SchemaState
from blog.core.events.log import adopt
from blog.core.text.counting import counted
from blog.core.web.app import Broadside
from blog.core.web.process import configure_logging
from blog.models import BackupAction, Base, Post, User
from settings import load_settings

# A file with this suffix is the database alone, as pg_dump writes it.
DUMP = ".dump"
# The first bytes of such a file (PostgreSQL, pg_backup_archiver.c).
MAGIC = b"PGDMP"


unauthenticated = click.option(
    "--unauthenticated", "is_trusted", is_flag=True,
    help="Even if nothing proves that BACKUP_KEY made the backup.",
)  # fmt: skip


class _MakesByDefault(click.Group):
    """A group with the default command `make`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_MakesByDefault)
def backup() -> None:
    """Make, list and prove backups of the site.

    `blog backup TARGET` is short for `blog backup make TARGET`.
    """


@backup.command("make")
@click.argument("target", required=False)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--files/--no-files", default=True, help="Whether to include uploaded files.")
@click.option("--keep", "days", metavar="DAYS", default=0, type=click.IntRange(0, 10_000),
              help="Keep all backups of the last days.")  # fmt: skip
@click.option("--keep-daily", "daily", metavar="N", default=0, type=click.IntRange(0, 1000),
              help="Keep the newest backup of each of N days.")  # fmt: skip
@click.option("--keep-weekly", "weekly", metavar="N", default=0, type=click.IntRange(0, 1000),
              help="Keep the newest backup of each of N weeks.")  # fmt: skip
@click.option("--keep-monthly", "monthly", metavar="N", default=0, type=click.IntRange(0, 1000),
              help="Keep the newest backup of each of N months.")  # fmt: skip
def make(
    *, target: str | None, force: bool, files: bool,
    days: int, daily: int, weekly: int, monthly: int,
) -> None:  # fmt: skip
    """Back up the database and the uploaded files.

    TARGET is a folder, s3://bucket/prefix or a file; by default it is BACKUP_TARGET. In a folder or
    bucket each file is stored once for all backups. The site may be running. With BACKUP_KEY the
    backup is encrypted. It contains email addresses and password hashes: keep it as safe as the
    site itself. It does not contain SECRET_KEY and other settings.

    A file whose name ends in .dump gets the database alone, in pg_dump's custom format.

    With a --keep option, older backups are deleted afterwards, except for those that one of these
    options keeps. The newest is always kept.
    """
    rule = Rule(days, daily, weekly, monthly)
    _make(target, force, files, rule if any(rule) else None)


@asynchronous
async def _make(wanted: str | None, force: bool, files: bool, rule: Rule | None) -> None:
    settings = load_settings()
    target = choose_target(settings, wanted)
    if is_file(target):
        if rule is not None:
            raise click.UsageError(f"--keep needs a folder or a bucket, and {target} is neither")
        _refuse_to_overwrite(Path(target), force)
    async with open_app(settings) as app:
        if target.endswith(DUMP):
            await _dump(app, Path(target))
            return
        async with (
            record_run(app.database, BackupAction.BACKUP, target) as run,
            open_new_target(settings, target) as storage,
        ):

            async def report_and_delete(made: Manifest) -> None:
                run.name, run.size = made.name, made.size
                click.echo(
                    f"Backed up {sum(made.rows.values()):,} rows and "
                    f"{counted(made.file_count, 'file')} to {storage.place}: {made.name}, "
                    f"{_format_size(made.size)}"
                )
                if rule is not None and (number := await delete_old_backups(storage, rule)):
                    click.echo(f"Deleted {counted(number, 'older backup')}")

            await make_backup(
                app.database.engine, app.storage if files else None, storage, load_key(settings),
                afterwards=report_and_delete,
            )  # fmt: skip


async def _dump(app: Broadside, file: Path) -> None:
    async with app.database.engine.connect() as connection:
        if not await tables_of(connection):
            raise BackupError(NO_SITE)
        server = await server_of(connection)
    await server.dump(file)
    click.echo(f"Wrote {file}: {_format_size(_file_size(file))}")


@backup.command("list")
@click.argument("target", required=False)
@asynchronous
async def list_(*, target: str | None) -> None:
    """List the complete backups, the newest last."""
    settings = load_settings()
    key = load_key(settings)
    async with open_target(settings, choose_target(settings, target)) as storage:
        for name in await complete_names(storage):
            sealed = await read_manifest(storage, name)
            found = sealed.manifest
            encrypted = ", encrypted" if found.key else ""
            is_ours = key is not None and key.is_secret and key.public == found.key
            if is_ours and not sealed.is_authentic(key):
                encrypted += ", not authenticated"
            click.echo(
                f"{name}  {_format_size(found.size)}, {sum(found.rows.values()):,} rows, "
                f"{counted(found.file_count, 'file')}{encrypted}"
            )


@backup.command("prove")
@click.argument("target", required=False)
@click.option("--name", help="The backup to restore; by default the newest.")
@unauthenticated
@asynchronous
async def prove_(*, target: str | None, name: str | None, is_trusted: bool) -> None:
    """Prove that the newest backup can be restored.

    Restores it to a new embedded PostgreSQL in VAR_DIR, which needs as much space as the database,
    migrates it, verifies the stored counts, compares the number of rows in each table with the
    backup's manifest, looks up every file and reads a hundred of them. The result is recorded: see
    `blog check` and the metrics. The newest backup must not be older than two days. With --name,
    another backup is restored; that says nothing about the newest, so it is not recorded. The site
    may be running, and is not affected.
    """
    settings = load_settings()
    source = choose_target(settings, target)
    if name is None:
        async with (
            open_app(settings) as app,
            record_run(app.database, BackupAction.PROOF, source) as run,
            open_target(settings, source) as storage,
        ):
            key = load_key(settings)
            async with app.database.reading_session() as session:
                last = await last_backup_name(session, source)
            found = await find_newest(storage, key, last, is_trusted=is_trusted)
            run.name, run.size = found.manifest.name, found.manifest.size
            proof = await prove(found, settings.var_dir)
    else:
        configure_logging(settings)
        async with open_target(settings, source) as storage:
            key = load_key(settings)
            found = await find_backup(storage, key, name, is_trusted=is_trusted)
            proof = await prove(found, settings.var_dir)
    _warn_if_unauthenticated(found, key)
    click.echo(
        f"Restored {found.manifest.name}: {proof.rows:,} rows in "
        f"{counted(len(found.manifest.rows), 'table')}, all counts right, "
        f"{counted(found.manifest.file_count, 'file')} of which {proof.read:,} were read"
    )


@backup.command("archive")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@asynchronous
async def archive(*, folder: Path) -> None:
    """Archive the database's log as it is written.

    Runs until Ctrl-C or SIGTERM. Takes a base backup every week, and keeps two of them, with the
    log since the older one. The role of DATABASE_URL needs the attribute REPLICATION. The server
    retains the log that has not arrived: limit that with its max_slot_wal_keep_size.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_app() as app:
        click.echo(f"Archiving in {folder} until Ctrl-C.")
        await run_archiver(app.database.engine, folder, stop)


@backup.command("recover")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--until", metavar="TIME", help="Such as '2026-11-27 03:00:00+00:00'; by default the end."
)
@asynchronous
async def recover_(*, folder: Path, file: Path, until: str | None) -> None:
    """Recover the database as it was at a time.

    Reads an archive, and writes the database to a new FILE for `blog restore`. It temporarily needs
    space in VAR_DIR for the database and the log since the last base backup.
    """
    settings = load_settings()
    configure_logging(settings)
    _refuse_to_overwrite(file, force=False)
    try:
        time = None if until is None else datetime.fromisoformat(until)
    except ValueError:
        raise click.UsageError(f"{until} isn't a time, such as 2026-11-27 03:00:00+00:00") from None
    if time is not None and time.tzinfo is None:
        raise click.UsageError("the time needs its offset from UTC, such as +00:00")
    reached = await recover(folder, file, time, settings.var_dir)
    click.echo(f"Wrote {file}: the database at {reached:%Y-%m-%d %H:%M:%S.%f} UTC")


@click.command()
@click.argument("target", required=False)
@click.option("--name", help="The backup to restore; by default the newest.")
@click.option("--force", is_flag=True, help="Replace a site that has users.")
@click.option("--files/--no-files", default=True, help="Whether to restore uploaded files.")
@unauthenticated
@asynchronous
async def restore(
    *, target: str | None, name: str | None, force: bool, files: bool, is_trusted: bool
) -> None:
    """Restore the site from a backup.

    TARGET is that of `blog backup`; by default it is BACKUP_TARGET. Stop the site and its workers
    first. The contents of the database are replaced, completely or not at all; if there are users,
    only with --force. Missing uploaded files are copied back first, and none are deleted. Mail that
    was queued at the time of the backup will be sent, even if it has been sent since.
    """
    settings = load_settings()
    source = choose_target(settings, target)
    async with open_app(settings) as app:
        async with app.database.engine.connect() as connection:
            tables, server = await tables_of(connection), await server_of(connection)
            has_people = User.__tablename__ in tables and await _count(connection, User)
            if has_people and not force:
                raise click.ClickException("this site has users: use --force to replace it")
        # The restore invalidates the cached statements and types of open connections.
        await app.database.engine.dispose()
        if _is_dump(source):
            expected = (User.__tablename__, Post.__tablename__)
            await server.restore_file(Path(source), replace=bool(tables), expected=expected)
            restored = f"{_format_size(_file_size(Path(source)))} from {source}"
        else:
            async with open_target(settings, source) as storage:
                key = load_key(settings)
                found = await find_backup(storage, key, name, is_trusted=is_trusted)
                _warn_if_unauthenticated(found, key)
                copied = await restore_all_files(found, app.storage) if files else 0
                await restore_database(found, server, replace=bool(tables))
            restored = f"{found.manifest.name} from {storage.place}"
            click.echo(f"Copied {counted(copied, 'missing file')}")
        async with app.database.engine.connect() as connection:
            people, posts = await _count(connection, User), await _count(connection, Post)
            state = await connection.run_sync(migrations.state)
        if state is SchemaState.CURRENT:
            async with app.database.session() as session:
                await adopt(session)
                await session.commit()
    click.echo(f"Restored {restored}: {people:,} users and {posts:,} posts")
    if state is not SchemaState.CURRENT:
        problem = OUTDATED if state is SchemaState.OLDER else NEWER
        click.echo(problem[0].upper() + problem[1:])


def _warn_if_unauthenticated(found: Backup, key: BackupKey | None) -> None:
    if key is not None and not found.is_authentic:
        click.echo(f"Warning: nothing proves that BACKUP_KEY made the backup {found.manifest.name}")


def _is_dump(source: str) -> bool:
    """Whether this is a file in pg_dump's custom format."""
    try:
        with Path(source).open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def _refuse_to_overwrite(file: Path, force: bool) -> None:
    if file.exists() and not force:
        raise click.ClickException(f"{file} exists: use --force to replace it")


async def _count(connection: AsyncConnection, table: type[Base]) -> int:
    return await connection.scalar(select(func.count()).select_from(table)) or 0


def _file_size(file: Path) -> int:
    return file.stat().st_size


def _format_size(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
