"""`blog deploy`."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.cli.conftest import Command
from tests.databases import create_database, drop_database

DONE = "The schema and the roles are up to date.\n"


@pytest.fixture
async def new_database(database_url: str) -> AsyncIterator[str]:
    """The address of a database without tables."""
    yield await create_database(database_url, "deployed", migrated=False)
    await drop_database(database_url, "deployed")


@pytest.fixture
async def outsider(new_database: str) -> AsyncIterator[AsyncEngine]:
    """A look at it that is not the application's."""
    engine = create_async_engine(new_database)
    yield engine
    await engine.dispose()


async def test_two_machines_at_once_make_one_site_which_later_deployments_mend(
    blog: Command, new_database: str, outsider: AsyncEngine
) -> None:
    both = await asyncio.gather(
        blog("deploy", database_url=new_database), blog("deploy", database_url=new_database)
    )
    assert [code for code, _ in both] == [0, 0]
    # One of them has logged the migrations, on standard error.
    assert all(output.endswith(DONE) for _, output in both)
    assert sum("migration applied" in output for _, output in both) == 1
    async with outsider.connect() as connection:
        roles = await connection.execute(text("SELECT name FROM roles ORDER BY permissions"))
        assert [name for (name,) in roles] == ["User", "Moderator", "Administrator"]

    async with outsider.begin() as connection:
        await connection.execute(text("UPDATE roles SET permissions = 31 WHERE name = 'User'"))
    assert await blog("deploy", database_url=new_database) == (0, DONE)
    async with outsider.connect() as connection:
        permissions = text("SELECT permissions FROM roles WHERE name = 'User'")
        assert await connection.scalar(permissions) == 7


@pytest.fixture
async def newer(database_url: str) -> AsyncIterator[str]:
    """The address of a database that newer code has migrated."""
    url = await create_database(database_url, "newer")
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'of_tomorrow'"))
    await engine.dispose()
    yield url
    await drop_database(database_url, "newer")


@pytest.mark.parametrize(
    "command", [["deploy"], ["serve"], ["worker"], ["demo", "--yes"], ["demo"]], ids=" ".join
)
async def test_old_code_on_a_newer_database_says_so_in_one_line(
    blog: Command, newer: str, command: list[str]
) -> None:
    env = "development" if command == ["demo"] else "production"
    code, output = await blog(*command, env=env, database_url=newer, mail_server="127.0.0.1")
    assert (code, output.count("\n")) == (1, 1), output
    assert output.startswith("Error: the database is newer than this code: run the newer code")


async def test_the_check_says_that_the_database_is_newer_than_the_code(
    blog: Command, newer: str
) -> None:
    _, output = await blog("check", database_url=newer)
    assert "the database is newer than this code" in output
    assert "run blog deploy" not in output
