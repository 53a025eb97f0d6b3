"""`blog backup` and `blog restore`."""

import re
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import NullPool, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from blog.core.db.dumps import NEVER_DUMPED
from blog.core.db.postgres_programs import PROGRAMS
from blog.models import Base
from tests.cli.conftest import Command
from tests.databases import create_database, drop_database
from tests.live.postgres import PASSWORD, ExternalPostgres
from tests.servers import run, serving
from tests.test_migrations import PROJECT

TABLES = [
    *(table.name for table in Base.metadata.sorted_tables if table.name not in NEVER_DUMPED),
    "alembic_version",
]


async def contents(connection: AsyncConnection) -> dict[str, str]:
    """A digest of all that is in each table."""
    rows = "string_agg(row::text, '' ORDER BY row::text)"
    return {
        table: await connection.scalar(
            text(f"SELECT concat(count(*), ' rows ', md5({rows})) FROM {table} AS row")
        )
        for table in TABLES
    }


async def look_at(url: str) -> dict[str, str]:
    """The contents of the database at an address."""
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        found = await contents(connection)
    await engine.dispose()
    return found


async def unvacuumed(url: str) -> list[str]:
    """The tables of which an index alone does not tell which rows are visible."""
    engine = create_async_engine(url)
    tables = text(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relallvisible < relpages "
        "AND relnamespace = 'public'::regnamespace"
    )
    async with engine.connect() as connection:
        found = list(await connection.scalars(tables))
    await engine.dispose()
    return found


async def test_a_restored_site_is_the_same_site(tmp_path: Path) -> None:
    async with ExternalPostgres(tmp_path / "external") as server:
        url = server.url(database="site")
        direct = make_url(url).set(drivername="postgresql+asyncpg")
        admin = direct.set(database="postgres").render_as_string(hide_password=False)
        await create_database(admin, "site", migrated=False)

        async def blog(*words: str) -> tuple[int, str]:
            return await run(tmp_path, "blog", *words, database_url=url)

        await blog("demo", "--posts", "40")
        before = await look_at(direct.render_as_string(hide_password=False))
        code, output = await blog("backup", "site.dump")
        assert code == 0
        assert re.fullmatch(r"Wrote site\.dump: [\d.]+ kB\n", output)
        assert PASSWORD not in output
        file = tmp_path / "site.dump"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

        await drop_database(admin, "site")
        await create_database(admin, "site", migrated=False)
        answer = await blog("backup", "empty.dump")
        assert answer == (1, "Error: there is nothing to back up: the database is empty\n")
        code, output = await blog("restore", "site.dump")
        assert code == 0, output
        # Twenty people have a draft, too.
        assert output.endswith("from site.dump: 60 users and 60 posts\n")
        restored = direct.render_as_string(hide_password=False)
        assert await look_at(restored) == before
        assert await unvacuumed(restored) == []
        async with (
            serving(tmp_path, database_url=url) as site,
            httpx.AsyncClient(timeout=60, base_url=site.url) as visitor,
        ):
            assert (await visitor.get("/")).text.count("<article") == 20
    assert sorted(path.name for path in tmp_path.glob("*.dump*")) == ["site.dump"]


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[str]:
    """The address of a migrated database without people."""
    yield await create_database(database_url, "backed_up")
    await drop_database(database_url, "backed_up")


@pytest.fixture
async def database(site: str) -> AsyncIterator[AsyncConnection]:
    """A connection to it which is not the application's, and commits each statement."""
    engine = create_async_engine(site, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


ADD_SUSAN = text(
    "INSERT INTO users (username, email, password_hash, role_id) "
    "SELECT 'susan', 'susan@example.com', 'x', id FROM roles WHERE is_default"
)


@pytest.fixture
async def other_database(database_url: str) -> AsyncIterator[str]:
    """The address of a database that is no site's."""
    url = await create_database(database_url, "no_site", migrated=False)
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE songs (title text)"))
    await engine.dispose()
    yield url
    await drop_database(database_url, "no_site")


async def test_people_are_only_replaced_by_force_and_by_a_whole_backup_of_a_site(
    blog: Command, site: str, database: AsyncConnection, other_database: str, tmp_path: Path
) -> None:
    assert (await blog("backup", "a.dump", database_url=site))[0] == 0
    backed_up = await contents(database)
    await database.execute(ADD_SUSAN)
    await database.execute(text("CREATE TABLE of_a_newer_schema (id bigint REFERENCES users)"))
    grown = await contents(database)

    whole = (tmp_path / "a.dump").read_bytes()
    (tmp_path / "half.dump").write_bytes(whole[: len(whole) // 2])
    refused = "Error: this site has users: use --force to replace it\n"
    assert await blog("restore", "a.dump", database_url=site) == (1, refused)
    code, output = await blog("restore", "--force", "half.dump", database_url=site)
    assert (code, output.count("\n")) == (1, 1), output
    assert await contents(database) == grown

    await blog("backup", "other.dump", database_url=other_database)
    code, output = await blog("restore", "--force", "other.dump", database_url=site)
    assert (code, output) == (
        1,
        "Error: other.dump is not a backup of a site: it has no table users\n",
    )
    assert await contents(database) == grown

    code, output = await blog("restore", "--force", "a.dump", database_url=site)
    assert code == 0, output
    assert await contents(database) == backed_up


async def test_a_backup_that_fails_leaves_no_file_and_replaces_none(
    blog: Command, site: str, database: AsyncConnection, tmp_path: Path
) -> None:
    file = tmp_path / "a.dump"
    file.write_text("what was there")
    assert await blog("backup", "a.dump", database_url=site) == (
        1,
        "Error: a.dump exists: use --force to replace it\n",
    )
    await database.execute(text("CREATE ROLE stranger LOGIN"))
    strange = make_url(site).set(username="stranger").render_as_string()
    code, output = await blog("backup", "a.dump", "--force", database_url=strange)
    assert (code, output.count("\n")) == (1, 1), output
    assert "permission denied for table" in output
    await database.execute(text("DROP ROLE stranger"))
    code, output = await blog("backup", "nowhere/a.dump", database_url=site)
    assert output == "Error: cannot write nowhere/a.dump: No such file or directory\n"
    assert file.read_text() == "what was there"
    assert list(tmp_path.glob("a.dump*")) == [file]


async def test_a_server_newer_than_our_programs_is_backed_up_by_those_on_the_path(
    blog: Command, site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The package has the programs of version 16 as well; the tests' server is of version 18.
    older: dict[str, Any] = {"pgserver_postgres_version": "16", "database_url": site}
    # It would lead pg_dump elsewhere.
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    monkeypatch.setenv("PATH", str(tmp_path))
    code, output = await blog("backup", "a.dump", **older)
    assert code == 1
    assert "the server is PostgreSQL 18, and there is no pg_dump" in output
    monkeypatch.setenv("PATH", str(PROGRAMS))
    assert (await blog("backup", "a.dump", **older))[0] == 0


@pytest.fixture
async def tenant(database_url: str) -> AsyncIterator[str]:
    """The address of a database whose role looks for tables in a schema of its own."""
    url = await create_database(database_url, "shared", migrated=False)
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA other"))
        await connection.execute(text("CREATE TABLE other.songs (title text)"))
        await connection.execute(text('CREATE SCHEMA "The Blog"'))
        await connection.execute(text('ALTER DATABASE shared SET search_path = "The Blog"'))
    await engine.dispose()
    yield url
    await drop_database(database_url, "shared")


async def test_a_site_in_a_schema_of_its_own_comes_back_and_leaves_its_neighbours_alone(
    blog: Command, tenant: str, site: str
) -> None:
    assert (await blog("deploy", database_url=tenant))[0] == 0
    engine = create_async_engine(tenant, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(ADD_SUSAN)
        before = await contents(connection)
        code, output = await blog("backup", "a.dump", database_url=tenant)
        assert code == 0, output
        await connection.execute(text("UPDATE users SET username = 'david'"))
        code, output = await blog("restore", "--force", "a.dump", database_url=tenant)
        assert code == 0, output
        assert await contents(connection) == before
        assert await connection.scalar(text("SELECT count(*) FROM other.songs")) == 0
        public = text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert await connection.scalar(public) == 0
    code, output = await blog("restore", "a.dump", database_url=site)
    assert (code, output.count("\n")) == (1, 1), output
    assert "are in the schema" in output


async def test_missing_privileges_are_reported_in_one_line(
    blog: Command, site: str, database: AsyncConnection, database_url: str, tmp_path: Path
) -> None:
    await database.execute(text("CREATE ROLE guest LOGIN"))
    empty = await create_database(database_url, "empty", migrated=False)
    guests = make_url(empty).set(username="guest").render_as_string()
    alembic = ["alembic", "--config", f"{PROJECT}/alembic.ini", "upgrade", "head"]
    for command in (["blog", "deploy"], alembic):
        code, output = await run(tmp_path, *command, database_url=guests)
        assert code == 1, output
        assert output.splitlines()[-1].endswith("permission denied for schema public"), output
        assert "Traceback" not in output
    await drop_database(database_url, "empty")
    await database.execute(text("DROP ROLE guest"))

    await database.execute(ADD_SUSAN)
    await database.execute(text("ALTER DATABASE backed_up SET default_transaction_read_only = on"))
    code, output = await blog("user", "disable", "susan", database_url=site)
    assert (code, output) == (
        1, "Error: the database takes no writes: it is a standby, or read-only for this role\n"
    )  # fmt: skip


async def test_options_that_keep_backups_need_a_folder_or_a_bucket(blog: Command) -> None:
    code, output = await blog("backup", "a.tar", "--keep", "7")
    assert (code, "--keep needs a folder or a bucket" in output) == (2, True)
    code, output = await blog("backup")
    assert (code, output) == (
        1, "Error: name a folder, a file or s3://bucket/prefix, or set BACKUP_TARGET\n"
    )  # fmt: skip
