"""Backup and restore with pg_dump, pg_restore and psql."""

import asyncio
import os
import re
import tempfile
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from sqlalchemy import URL

from blog.core.db.connecting import libpq_environment
from blog.core.db.postgres_programs import client_program

CHUNK = 1 << 20
# Dumped without rows, which have to be forgotten after a day (`blog.models.post_views`).
NEVER_DUMPED = ("view_marks", "view_salts")
_WITHOUT_ROWS = [f"--exclude-table-data={name}" for name in NEVER_DUMPED]
# How long to wait for locks on the tables.
LOCK_SECONDS = 10


class DumpError(Exception):
    """Dump or restore failed without changing anything; the message is one line."""


class Server:
    """A database, as PostgreSQL's client programs connect to it.

    Args:
        url: its URL. The programs get it in environment variables, because other users can read
            command lines.
        version: the server's major version.
        schema: the schema of the site's tables: the first one of the `search_path`.

    Attributes:
        version, schema: as given.
    """

    def __init__(self, url: URL, version: int, schema: str) -> None:
        self.version = version
        self.schema = schema
        parameters = _libpq_parameters(url)
        self._environment = libpq_environment(parameters)
        self._needs_tls = parameters.get("sslmode", "prefer") not in {"disable", "allow", "prefer"}

    async def run(self, program: str, *arguments: str) -> None:
        """Run a client program on this server; it is killed if the caller is cancelled.

        Raises:
            DumpError: it failed.
        """
        async with self._open_program(program, *arguments) as (process, errors):
            await _check(process, errors)

    async def dump(self, file: Path) -> None:
        """Write a consistent snapshot of the database to a file, while the site is running.

        The file has pg_dump's custom format and is readable by its owner only. It replaces an
        existing file atomically when complete.

        Raises:
            DumpError: the dump failed.
        """
        with _atomic_draft(file) as draft:
            arguments = ["--format=custom", "--no-password", "--file", str(draft)]
            arguments += _WITHOUT_ROWS
            async with self._open_program("pg_dump", *arguments) as (process, errors):
                await _check(process, errors)

    async def stream_dump(self, snapshot: str) -> AsyncGenerator[bytes, None]:
        """Dump the database in pg_dump's custom format, chunk by chunk.

        Args:
            snapshot: what the dump contains: the result of `pg_export_snapshot()` in a transaction
                that is open until the last chunk.

        The iterator raises `DumpError` at its end if the dump failed.
        """
        arguments = ["--format=custom", "--no-password", f"--snapshot={snapshot}"]
        arguments += _WITHOUT_ROWS
        async with self._open_program("pg_dump", *arguments) as (process, errors):
            output = cast(StreamReader, process.stdout)
            while chunk := await output.read(CHUNK):
                yield chunk
            await _check(process, errors)

    async def restore_file(self, file: Path, *, replace: bool, expected: Iterable[str]) -> None:
        """Restore a file in pg_dump's custom format in a single transaction.

        Args:
            file: a file written by `dump`, possibly on another machine.
            replace: as in `restore`.
            expected: tables that the file must contain.

        Raises:
            DumpError: the restore failed.
        """
        await self._check_contents(file, expected)
        await self.restore(_read_chunks(file), replace=replace)

    async def restore(self, content: AsyncIterable[bytes], *, replace: bool) -> None:
        """Restore a dump in a single transaction.

        Owners and privileges are omitted: everything belongs to the connecting role.

        Args:
            content: the dump. It is read to its end before the transaction is committed; an error
                that it raises rolls everything back, and is raised.
            replace: drop the existing schema first, in the same transaction; otherwise it must be
                empty.

        Raises:
            DumpError: the restore failed.
        """
        # Other schemas do not belong to the site.
        arguments = ["--no-owner", "--no-privileges", f"--schema={self.schema}", "--file=-"]
        script = ["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"]
        async with (
            self._open_program("pg_restore", *arguments) as (source, source_errors),
            self._open_program("psql", *script) as (target, target_errors),
        ):
            feeding = asyncio.create_task(_feed(source, content))
            try:
                with suppress(BrokenPipeError, ConnectionResetError):
                    await _copy(source, target, self._preamble(replace))
                    await feeding
                    await _check(source, source_errors)
                    # A failure before this line rolls everything back.
                    await _write(target, b"COMMIT;\nVACUUM ANALYZE;\n")
            finally:
                feeding.cancel()
                await asyncio.wait([feeding])
            cast(StreamWriter, target.stdin).close()
            await _check(target, target_errors)

    async def _check_contents(self, file: Path, expected: Iterable[str]) -> None:
        """Check the table of contents of a backup.

        Raises:
            DumpError: it is not a backup of a site, or its tables are in another schema.
        """
        async with self._open_program("pg_restore", "--list", str(file)) as (process, errors):
            contents = (await cast(StreamReader, process.stdout).read()).decode()
            await _check(process, errors)
        for table in expected:
            entry = re.search(
                rf"^\d+; \d+ \d+ TABLE (?!DATA )(.+) {table} ", contents, re.MULTILINE
            )
            if entry is None:
                raise DumpError(f"{file} is not a backup of a site: it has no table {table}")
            if entry[1] != self.schema:
                raise DumpError(
                    f"the tables in {file} are in the schema {entry[1]}, and this role's "
                    f"search_path begins with {self.schema}: make them the same"
                )

    def _preamble(self, replace: bool) -> str:
        """The statements before the restore, in the same transaction."""
        statements = ["BEGIN", "SET LOCAL client_min_messages = warning"]
        if replace:
            schema = '"{}"'.format(self.schema.replace('"', '""'))
            statements += [
                f"SET LOCAL lock_timeout = '{LOCK_SECONDS} s'",
                f"DROP SCHEMA {schema} CASCADE",
                f"CREATE SCHEMA {schema}",
            ]
        return "".join(f"{statement};\n" for statement in statements)

    @asynccontextmanager
    async def _open_program(
        self, name: str, *arguments: str
    ) -> AsyncIterator[tuple[Process, IO[str]]]:
        """Run a program within a context; yields the process and a file with its standard error."""
        program = client_program(name, self.version, needs_tls=self._needs_tls)
        if program is None:
            tls = " and is reached by TLS" if self._needs_tls else ""
            raise DumpError(
                f"the server is PostgreSQL {self.version}{tls}, and there is no {name} of that "
                f"version or newer on the PATH"
            )
        with tempfile.TemporaryFile("w+") as errors:
            process = await asyncio.create_subprocess_exec(
                program, *arguments, env=self._environment,
                stdin=PIPE if name in {"pg_restore", "psql"} else DEVNULL,
                stdout=PIPE if name in {"pg_dump", "pg_restore"} else DEVNULL,
                stderr=errors,
            )  # fmt: skip
            try:
                yield process, errors
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()


@contextmanager
def _atomic_draft(file: Path) -> Iterator[Path]:
    """A temporary file next to `file`, readable by its owner only, which replaces it on success."""
    try:
        descriptor, name = tempfile.mkstemp(".part", f"{file.name}.", file.parent)
    except OSError as error:
        raise DumpError(f"cannot write {file}: {error.strerror}") from None
    os.close(descriptor)
    draft = Path(name)
    try:
        yield draft
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


async def _read_chunks(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        while chunk := await asyncio.to_thread(opened.read, CHUNK):
            yield chunk


async def _feed(process: Process, content: AsyncIterable[bytes]) -> None:
    """Write to a program's standard input; content that it doesn't want is still read."""
    stdin = cast(StreamWriter, process.stdin)
    try:
        async for chunk in content:
            with suppress(BrokenPipeError, ConnectionResetError):
                stdin.write(chunk)
                await stdin.drain()
    finally:
        stdin.close()


async def _copy(source: Process, target: Process, preparation: str) -> None:
    """Feed the output of pg_restore to psql, in a transaction that is not committed yet."""
    output = cast(StreamReader, source.stdout)
    await _write(target, preparation.encode())
    # Servers before version 17 do not have this setting and would fail here.
    while line := await output.readline():
        if not line.startswith(b"SET transaction_timeout"):
            await _write(target, line)
        if line.startswith(b"SELECT pg_catalog.set_config"):
            break
    while chunk := await output.read(CHUNK):
        await _write(target, chunk)


async def _write(target: Process, data: bytes) -> None:
    stdin = cast(StreamWriter, target.stdin)
    stdin.write(data)
    await stdin.drain()


async def _check(process: Process, errors: IO[str]) -> None:
    """Wait for a program to exit.

    Raises:
        DumpError: it failed.
    """
    if await process.wait() == 0:
        return
    errors.seek(0)
    messages = errors.read()
    found = re.search(r"(?i)error: +(.+)", messages)
    reason = found[1] if found else " ".join(messages.split())
    if "lock timeout" in reason:
        reason = "the database is in use: stop the site and its workers first"
    raise DumpError(reason)


def _libpq_parameters(url: URL) -> dict[str, str]:
    """The URL as libpq's parameters."""
    words = dict(url.query) | {
        "host": url.host or url.query.get("host"),
        "port": url.port or url.query.get("port"),
        "user": url.username,
        "password": url.password,
        "database": url.database,
    }
    return {name: str(word) for name, word in words.items() if word}
