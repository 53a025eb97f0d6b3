"""Making a backup."""

import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import IO, NamedTuple, cast

from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from blog.backups.encryption import BackupKey
from blog.backups.errors import BackupError
from blog.backups.files import CopiedFiles, ListedFile, copy_files, put_part, read_file_list
from blog.backups.manifest import (
    AUTHENTICATED,
    MANIFEST,
    Manifest,
    backup_name,
    backup_names,
    complete_names,
    files_folder,
    object_key,
    read_manifest,
)
from blog.core.clock import now
from blog.core.db.dumps import CHUNK, NEVER_DUMPED, Server
from blog.core.storage.interface import Storage

# An arbitrary key of an advisory lock: one backup of a database at a time.
BACKUP_LOCK = 0x6261636B
# A list of this size stays in memory.
SMALL_LIST = 1024 * 1024
_NO_LIMITS = text("""
    SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN
        ('idle_in_transaction_session_timeout', 'statement_timeout', 'transaction_timeout')
""")
NO_SITE = "there is nothing to back up: the database is empty"


class Snapshot(NamedTuple):
    """A snapshot of the database, while its transaction is open.

    Attributes:
        id: its id, for pg_dump.
        revision: the revision of the schema.
        rows: the number of rows in each table.
        server: the server.
    """

    id: str
    revision: str
    rows: dict[str, int]
    server: Server


async def make_backup(
    engine: AsyncEngine, site: Storage | None, target: Storage, key: BackupKey | None, *,
    afterwards: Callable[[Manifest], Awaitable[None]] | None = None,
) -> Manifest:  # fmt: skip
    """Back up the database and the files, while the site is running.

    The manifest is written last: until then there is no backup, and a failed run only leaves
    objects that the next deletion of old backups removes.

    Args:
        engine: the database, without a connection pooler in between.
        site: the storage of the site; `None` leaves its files out.
        target: the target of the backup.
        key: the key to encrypt with; with `None`, everyone who can read the target can read the
            backup.
        afterwards: what to do before another backup may start, such as deleting old backups.

    Raises:
        BackupError: it failed, or another backup is running.
        DumpError, StorageError: it failed.
    """
    async with hold_backup_lock(engine) as check:
        manifest = await _store_parts(engine, site, target, key)
        # Without the lock, another run might have deleted a file that this one shares with an older
        # backup.
        await check()
        await target.put(object_key(manifest.name, MANIFEST), _as_stream(manifest.serialize(key)))
        if afterwards is not None:
            await afterwards(manifest)
    return manifest


@asynccontextmanager
async def hold_backup_lock(engine: AsyncEngine) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Hold the lock for backups of a database, without a transaction.

    Yields:
        A function that raises `BackupError` if the lock has been lost.

    Raises:
        BackupError: another backup is running.
    """
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        # The server may have a timeout.
        await connection.execute(text("SET idle_session_timeout = 0"))
        if not await connection.scalar(select(func.pg_try_advisory_lock(BACKUP_LOCK))):
            raise BackupError("another backup of this site is running")

        async def check() -> None:
            try:
                await connection.execute(select(1))
            except DBAPIError:
                raise BackupError("the connection that keeps other backups away was lost") from None

        try:
            yield check
            await connection.execute(select(func.pg_advisory_unlock(BACKUP_LOCK)))
        finally:
            # This also releases the lock, which belongs to the session.
            await connection.invalidate()


async def _store_parts(
    engine: AsyncEngine, site: Storage | None, target: Storage, key: BackupKey | None
) -> Manifest:
    """Store all objects of a backup except the manifest."""
    public_key = key.public if key else None
    format_version = AUTHENTICATED if key and key.is_secret else 1
    folder = files_folder(public_key, format_version)
    async with snapshot(engine) as taken:
        name = backup_name(now())
        if name in await backup_names(target):
            raise BackupError(f"there is a backup {name} in {target.place} already")
        database = await put_part(
            target,
            object_key(name, "database.age" if key else "database.dump"),
            taken.server.stream_dump(taken.id),
            key,
        )
    with tempfile.SpooledTemporaryFile(SMALL_LIST) as listing:
        # After the dump, so that the backup has every file that the dump refers to.
        copied = CopiedFiles(0, 0)
        if site is not None:
            previous = _previous_files(target, folder, key)
            copied = await copy_files(
                site, target, folder, key, previous=previous, listing=cast(IO[bytes], listing)
            )
        listing.seek(0)
        file_list = await put_part(
            target,
            object_key(name, "files.txt"),
            _read_chunks(cast(IO[bytes], listing)),
            None,
        )
    return Manifest(
        format=format_version,
        name=name,
        version=version("broadside"),
        server_version=taken.server.version,
        database_schema=taken.server.schema,
        revision=taken.revision,
        key=public_key,
        database=database,
        rows=taken.rows,
        file_list=file_list,
        file_count=copied.number,
        file_bytes=copied.size,
    )


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[Snapshot]:
    """Open a snapshot of the database, in a transaction that lasts as long as this context.

    Raises:
        BackupError: there is no site in the database.
    """
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        await connection.execute(text("SET TRANSACTION READ ONLY"))
        # The server or the role may have timeouts; servers before version 17 lack the last one.
        await connection.execute(_NO_LIMITS)
        tables = await tables_of(connection)
        if "alembic_version" not in tables:
            raise BackupError(NO_SITE)
        yield Snapshot(
            (await connection.scalars(select(func.pg_export_snapshot()))).one(),
            (await connection.scalars(text("SELECT version_num FROM alembic_version"))).one(),
            {table: await count_rows(connection, table) for table in tables},
            await server_of(connection),
        )


async def tables_of(connection: AsyncConnection) -> list[str]:
    """The names of the tables in backups, sorted."""
    names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    return sorted(set(names).difference(NEVER_DUMPED))


async def count_rows(connection: AsyncConnection, table: str) -> int:
    """The number of rows of a table."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(table)
    return int(await connection.scalar(text(f"SELECT count(*) FROM {quoted}")) or 0)  # noqa: S608


async def server_of(connection: AsyncConnection) -> Server:
    """The server of a connection, for PostgreSQL's client programs.

    Raises:
        BackupError: no schema in the `search_path` exists.
    """
    major_version = cast(tuple[int, ...], connection.dialect.server_version_info)[0]
    schema = await connection.scalar(select(func.current_schema()))
    if schema is None:
        raise BackupError("no schema of this role's search_path exists: create one")
    return Server(connection.engine.url, major_version, schema)


async def _previous_files(
    target: Storage, folder: str, key: BackupKey | None
) -> AsyncIterator[ListedFile]:
    """The files of the newest backup with this folder, which need not be copied again.

    Backups that are damaged, or that may have been made without the key, are skipped.
    """
    for name in reversed(await complete_names(target)):
        try:
            found = await read_manifest(target, name)
            if found.manifest.files != folder:
                continue
            if key is not None and key.is_secret and not found.is_authentic(key):
                continue
            async for file in read_file_list(target, found.manifest):
                yield file
        except BackupError:
            continue
        return


async def _read_chunks(file: IO[bytes]) -> AsyncGenerator[bytes, None]:
    while chunk := file.read(CHUNK):
        yield chunk


async def _as_stream(content: bytes) -> AsyncGenerator[bytes, None]:
    yield content
