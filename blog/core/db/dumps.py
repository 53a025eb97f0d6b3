"""A database in a file, and back again, by PostgreSQL's own pg_dump, pg_restore and psql."""

import asyncio
import os
import re
import tempfile
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from sqlalchemy import URL

from blog.core.db.connecting import environment_of_programs
from blog.core.db.postgres_programs import client_program

CHUNK = 1 << 20
# How long to wait for those who have the tables in hand.
LOCK_SECONDS = 10


class DumpError(Exception):
    """It failed, and has changed nothing; the message is one line that says why."""


class Server:
    """The database at an address, as PostgreSQL's programs reach it.

    Args:
        url: where it is. It goes to the programs in their environment: their command line can be
            read by everybody on the machine.
        version: the server's major version.
        schema: where the site's tables are, or will be: the first one of the `search_path`.
    """

    def __init__(self, url: URL, version: int, schema: str) -> None:
        self._version = version
        self._schema = schema
        parameters = _parameters(url)
        self._environment = environment_of_programs(parameters)
        self._needs_tls = parameters.get("sslmode", "prefer") not in {"disable", "allow", "prefer"}

    async def dump(self, file: Path) -> None:
        """Write all that is in the database to a file, as of one moment, while it is in use.

        The file is in pg_dump's custom format, for its owner only, and is there as soon as it is
        complete. One that was there before is replaced.

        Raises:
            DumpError: see there.
        """
        with _written_aside(file) as draft:
            arguments = ["--format=custom", "--no-password", "--file", str(draft)]
            async with self._running("pg_dump", *arguments) as (process, errors):
                await _check(process, errors)

    async def restore(self, file: Path, *, replace: bool, expected: Iterable[str]) -> None:
        """Bring back what is in a file, all of it or nothing.

        Its owners and privileges are left out: everything will belong to who connects.

        Args:
            file: what `dump` has written, here or elsewhere.
            replace: first drop what is there, in the same transaction; otherwise there must be
                nothing.
            expected: tables that the backup must have.

        Raises:
            DumpError: see there.
        """
        await self._check_contents(file, expected)
        # What else there is in the database is somebody else's.
        contents = ["--no-owner", "--no-privileges", f"--schema={self._schema}"]
        arguments = [*contents, "--file=-", str(file)]
        script = ["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"]
        async with (
            self._running("pg_restore", *arguments) as (source, source_errors),
            self._running("psql", *script) as (target, target_errors),
        ):
            with suppress(BrokenPipeError, ConnectionResetError):
                await _copy(source, target, self._preparation(replace))
                await _check(source, source_errors)
                # Whatever goes wrong before this line leaves no trace.
                await _write(target, b"COMMIT;\nVACUUM ANALYZE;\n")
            cast(StreamWriter, target.stdin).close()
            await _check(target, target_errors)

    async def _check_contents(self, file: Path, expected: Iterable[str]) -> None:
        """Look at the table of contents of a backup.

        Raises:
            DumpError: it is no backup of a site, or its tables would not be where the site looks.
        """
        async with self._running("pg_restore", "--list", str(file)) as (process, errors):
            contents = (await cast(StreamReader, process.stdout).read()).decode()
            await _check(process, errors)
        for table in expected:
            entry = re.search(
                rf"^\d+; \d+ \d+ TABLE (?!DATA )(.+) {table} ", contents, re.MULTILINE
            )
            if entry is None:
                raise DumpError(f"{file} is no backup of a site: it has no table {table}")
            if entry[1] != self._schema:
                raise DumpError(
                    f"the tables in {file} are in the schema {entry[1]}, and this role's "
                    f"search_path begins with {self._schema}: make them the same"
                )

    def _preparation(self, replace: bool) -> str:
        """What has to be done before a backup is brought back, in the same transaction."""
        statements = ["BEGIN", "SET LOCAL client_min_messages = warning"]
        if replace:
            schema = '"{}"'.format(self._schema.replace('"', '""'))
            statements += [
                f"SET LOCAL lock_timeout = '{LOCK_SECONDS} s'",
                f"DROP SCHEMA {schema} CASCADE",
                f"CREATE SCHEMA {schema}",
            ]
        return "".join(f"{statement};\n" for statement in statements)

    @asynccontextmanager
    async def _running(self, name: str, *arguments: str) -> AsyncIterator[tuple[Process, IO[str]]]:
        """One of the programs, and what it complains of; it ends with the context at the latest."""
        program = client_program(name, self._version, needs_tls=self._needs_tls)
        if program is None:
            tls = " and is reached by TLS" if self._needs_tls else ""
            raise DumpError(
                f"the server is PostgreSQL {self._version}{tls}, and on the PATH there is no "
                f"{name} that is not older"
            )
        with tempfile.TemporaryFile("w+") as errors:
            process = await asyncio.create_subprocess_exec(
                program, *arguments, env=self._environment,
                stdin=PIPE if name == "psql" else DEVNULL,
                stdout=PIPE if name == "pg_restore" else DEVNULL,
                stderr=errors,
            )  # fmt: skip
            try:
                yield process, errors
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()


@contextmanager
def _written_aside(file: Path) -> Iterator[Path]:
    """An empty file beside `file`, for its owner only, which takes its place when all is well."""
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


async def _copy(source: Process, target: Process, preparation: str) -> None:
    """Let psql do what pg_restore wants done, in a transaction that is not yet committed."""
    output = cast(StreamReader, source.stdout)
    await _write(target, preparation.encode())
    # A server before version 17 does not know this setting, and all would end here.
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
    """Wait for the end of a program.

    Raises:
        DumpError: it failed.
    """
    if await process.wait() == 0:
        return
    errors.seek(0)
    complaints = errors.read()
    found = re.search(r"(?i)error: +(.+)", complaints)
    reason = found[1] if found else " ".join(complaints.split())
    if "lock timeout" in reason:
        reason = "somebody is using the database: stop the site and its workers first"
    raise DumpError(reason)


def _parameters(url: URL) -> dict[str, str]:
    """The address in libpq's words."""
    words = dict(url.query) | {
        "host": url.host or url.query.get("host"),
        "port": url.port or url.query.get("port"),
        "user": url.username,
        "password": url.password,
        "database": url.database,
    }
    return {name: str(word) for name, word in words.items() if word}
