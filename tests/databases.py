"""More databases on the run's server, where a test needs one of its own."""

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from blog.core.db.database import Database
from tests.servers import until
from tests.template import MIGRATED


async def create_database(
    server_url: str, name: str, *, migrated: bool = True, options: str = ""
) -> str:
    """Create a database.

    Args:
        server_url: the address of another database on the run's server.
        name: its name, which is not taken.
        migrated: whether it gets the newest schema, or stays empty.
        options: of the statement `CREATE DATABASE`.

    Returns:
        Its address.
    """
    template = f"TEMPLATE {MIGRATED}" if migrated else ""
    await _execute(server_url, f"CREATE DATABASE {name} {template} {options}")
    return make_url(server_url).set(database=name).render_as_string()


async def drop_database(server_url: str, name: str) -> None:
    """Drop a database that nobody is connected to any more."""
    await _execute(server_url, f"DROP DATABASE {name}")


async def wait_for_a_lock(database: Database, sessions: int) -> None:
    """Return once so many sessions of an open database wait for a lock."""
    number = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )

    async def they_do() -> bool:
        async with database.reading_engine.connect() as connection:
            return await connection.scalar(number) == sessions

    await until(they_do)


async def _execute(url: str, statement: str) -> None:
    """Run a statement that cannot be run in a transaction."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
