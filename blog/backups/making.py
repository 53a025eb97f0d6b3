"""Make a backup."""

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
from blog.backups.files import Copied, ListedFile, copy_files, listed, put_part
from blog.backups.manifest import (
    AUTHENTICATED,
    MANIFEST,
    Manifest,
    complete_names,
    folder_of,
    key_of,
    name_of,
    names,
    read_manifest,
)
from blog.core.clock import now
from blog.core.db.dumps import CHUNK, NEVER_DUMPED, Server
from blog.core.storage.interface import Storage

# An arbitrary key: one backup of a database at a time.
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

    The manifest is written last: until then there is no backup, and a run that fails leaves only
    objects that the next deletion of old backups removes.

    Args:
        engine: the database, without a connection pooler in between.
        site: the storage of the site; `None` leaves its files out.
        target: where the backup is stored.
        key: the key to encrypt it with; `None` leaves it readable for everybody who can read the
            target.
        afterwards: what is done before another backup may begin, such as the deletion of old ones.

    Raises:
        BackupError: it failed, or another backup is running.
        DumpError, StorageError: it failed.
    """
    async with only_backup(engine) as check:
        manifest = await _make(engine, site, target, key)
        # Another run might have deleted a file that this one has found in an older backup.
        await check()
        await target.put(key_of(manifest.name, MANIFEST), _once(manifest.sealed(key)))
        if afterwards is not None:
            await afterwards(manifest)
    return manifest


@asynccontextmanager
async def only_backup(engine: AsyncEngine) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Hold the lock of the backups of a database, without a transaction.

    Yields:
        A function that checks that it is still held; it raises `BackupError` if it is not.

    Raises:
        BackupError: another backup is running.
    """
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        # The server may have a limit.
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
            # The lock goes with its session, which is no use to others.
            await connection.invalidate()


async def _make(
    engine: AsyncEngine, site: Storage | None, target: Storage, key: BackupKey | None
) -> Manifest:
    """Store all but the manifest of a backup."""
    public_key = key.public if key else None
    version_of_format = AUTHENTICATED if key and key.is_secret else 1
    folder = folder_of(public_key, version_of_format)
    async with snapshot(engine) as taken:
        name = name_of(now())
        if name in await names(target):
            raise BackupError(f"there is a backup {name} in {target.place} already")
        database = await put_part(
            target,
            key_of(name, "database.age" if key else "database.dump"),
            taken.server.stream_dump(taken.id),
            key,
        )
    with tempfile.SpooledTemporaryFile(SMALL_LIST) as listing:
        # After the database, so that the backup has every file that the database refers to.
        copied = Copied(0, 0)
        if site is not None:
            previous = _files_of_the_newest(target, folder, key)
            copied = await copy_files(
                site, target, folder, key, previous=previous, listing=cast(IO[bytes], listing)
            )
        listing.seek(0)
        file_list = await put_part(
            target,
            key_of(name, "files.txt"),
            _chunks(cast(IO[bytes], listing)),
            None,
        )
    return Manifest(
        format=version_of_format,
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
    """A snapshot of the database, in a transaction that is open within this context.

    Raises:
        BackupError: there is no site in the database.
    """
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        await connection.execute(text("SET TRANSACTION READ ONLY"))
        # The server or the role may have limits; those before version 17 lack the last one.
        await connection.execute(_NO_LIMITS)
        tables = await tables_of(connection)
        if "alembic_version" not in tables:
            raise BackupError(NO_SITE)
        yield Snapshot(
            (await connection.scalars(select(func.pg_export_snapshot()))).one(),
            (await connection.scalars(text("SELECT version_num FROM alembic_version"))).one(),
            {table: await count(connection, table) for table in tables},
            await server_of(connection),
        )


async def tables_of(connection: AsyncConnection) -> list[str]:
    """The names of the tables that a backup has, in order."""
    names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    return sorted(set(names).difference(NEVER_DUMPED))


async def count(connection: AsyncConnection, table: str) -> int:
    """The number of rows of a table."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(table)
    return int(await connection.scalar(text(f"SELECT count(*) FROM {quoted}")) or 0)  # noqa: S608


async def server_of(connection: AsyncConnection) -> Server:
    """The server of a connection, for PostgreSQL's client programs.

    Raises:
        BackupError: no schema of the `search_path` exists.
    """
    major_version = cast(tuple[int, ...], connection.dialect.server_version_info)[0]
    schema = await connection.scalar(select(func.current_schema()))
    if schema is None:
        raise BackupError("no schema of this role's search_path exists: create one")
    return Server(connection.engine.url, major_version, schema)


async def _files_of_the_newest(
    target: Storage, folder: str, key: BackupKey | None
) -> AsyncIterator[ListedFile]:
    """The files of the newest backup with this folder, which need not be copied again.

    A damaged backup has none, nor has one that another key could have made.
    """
    for name in reversed(await complete_names(target)):
        try:
            found = await read_manifest(target, name)
            if found.manifest.files != folder:
                continue
            if key is not None and key.is_secret and not found.is_authentic(key):
                continue
            async for file in listed(target, found.manifest):
                yield file
        except BackupError:
            continue
        return


async def _chunks(file: IO[bytes]) -> AsyncGenerator[bytes, None]:
    while chunk := file.read(CHUNK):
        yield chunk


async def _once(content: bytes) -> AsyncGenerator[bytes, None]:
    yield content
