"""`blog backup` and `blog restore`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import click
from sqlalchemy import func, inspect, select
from sqlalchemy.ext.asyncio import AsyncConnection

from blog.cli.running import asynchronous, opened_app
from blog.core.clock import now
from blog.core.db import migrations
from blog.core.db.dumps import Server
from blog.core.db.migrations import NEWER, OUTDATED, SchemaState
from blog.core.events.log import adopt
from blog.core.text.counting import counted
from blog.models import Base, Post, User

# The names of backups in a folder, which sort by their time.
NAME = "broadside-%Y%m%dT%H%M%SZ.dump"


@click.command()
@click.argument("target", metavar="FILE_OR_FOLDER", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option(
    "--keep",
    metavar="DAYS",
    type=click.IntRange(1, 10_000),
    help="Afterwards, delete the backups in the folder that are older, but never the newest.",
)
def backup(*, target: Path, force: bool, keep: int | None) -> None:
    """Write the whole database to a file, or a new one in a folder.

    The site may be running. The file has pg_dump's custom format, and appears once it is complete.
    It contains e-mail addresses and password hashes: keep it as safe as the site itself. It does
    not contain SECRET_KEY, other settings and uploaded files: copy those afterwards.
    """
    is_folder = target.is_dir()
    if keep is not None and not is_folder:
        raise click.UsageError(f"--keep needs a folder, and {target} isn't one")
    file = target / now().strftime(NAME) if is_folder else target
    _refuse_to_overwrite(file, force)
    _back_up(file)
    click.echo(f"Wrote {file}: {_size(file)}")
    if keep is not None and (number := delete_older(target, timedelta(days=keep))):
        click.echo(f"Deleted {counted(number, 'older backup')}")


@asynchronous
async def _back_up(file: Path) -> None:
    async with opened_app() as app:
        async with app.database.engine.connect() as connection:
            if not await _tables(connection):
                raise click.ClickException("there is nothing to back up: the database is empty")
            server = await _server(connection)
        await server.dump(file)


def delete_older(folder: Path, age: timedelta) -> int:
    """Delete the backups in a folder that are older, except for the newest one.

    Other files stay. The age is that in the name, which a copy of the file keeps.

    Returns:
        How many were deleted.
    """
    oldest = now() - age
    backups = {moment: file for file in folder.iterdir() if (moment := _moment(file)) is not None}
    deleted = [backups[moment] for moment in sorted(backups)[:-1] if moment < oldest]
    for file in deleted:
        file.unlink()
    return len(deleted)


def _moment(file: Path) -> datetime | None:
    """When the backup was made; `None` if the file isn't a backup in a folder."""
    try:
        return datetime.strptime(file.name, NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace a site that has users.")
@asynchronous
async def restore(*, file: Path, force: bool) -> None:
    """Restore the database from a backup.

    The restore is complete, or nothing changes. Stop the site and its workers first. It replaces
    the contents of the database, if there are users only with --force. Mail that was queued at the
    time of the backup will be sent, even if it has been sent since.
    """
    async with opened_app() as app:
        async with app.database.engine.connect() as connection:
            tables, server = await _tables(connection), await _server(connection)
            has_people = User.__tablename__ in tables and await _count(connection, User)
            if has_people and not force:
                raise click.ClickException("this site has users: use --force to replace it")
        # The connections' cached statements and types will be invalid.
        await app.database.engine.dispose()
        expected = (User.__tablename__, Post.__tablename__)
        await server.restore(file, replace=bool(tables), expected=expected)
        async with app.database.engine.connect() as connection:
            people, posts = await _count(connection, User), await _count(connection, Post)
            state = await connection.run_sync(migrations.state)
        if state is SchemaState.CURRENT:
            async with app.database.session() as session:
                await adopt(session)
                await session.commit()
    click.echo(f"Restored {_size(file)} from {file}: {people:,} users and {posts:,} posts")
    if state is not SchemaState.CURRENT:
        problem = OUTDATED if state is SchemaState.OLDER else NEWER
        click.echo(problem[0].upper() + problem[1:])


def _refuse_to_overwrite(file: Path, force: bool) -> None:
    if file.exists() and not force:
        raise click.ClickException(f"{file} exists: use --force to replace it")


async def _server(connection: AsyncConnection) -> Server:
    major_version = cast(tuple[int, ...], connection.dialect.server_version_info)[0]
    schema = await connection.scalar(select(func.current_schema()))
    if schema is None:
        raise click.ClickException("no schema of this role's search_path exists: create one")
    return Server(connection.engine.url, major_version, schema)


async def _tables(connection: AsyncConnection) -> list[str]:
    return await connection.run_sync(lambda sync: inspect(sync).get_table_names())


async def _count(connection: AsyncConnection, table: type[Base]) -> int:
    return await connection.scalar(select(func.count()).select_from(table)) or 0


def _size(file: Path) -> str:
    size = float(file.stat().st_size)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
