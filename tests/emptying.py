"""How the site is emptied between two tests.

Most tests have written into few tables, and TRUNCATE takes as long for an empty one as for a full
one. A function in the database keeps the plans of its statements for as long as the connection.
"""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from blog.core.db.database_errors import is_deadlock
from blog.models import Base

# Their rows come with the migrations.
KEPT = {"roles", "site"}
# A table that has grown larger is quicker to truncate, in bytes.
LARGE_TABLE = 1024 * 1024
EMPTY_SITE = text("SELECT tests.empty_site()")


def _definition() -> str:
    tables = [table.name for table in Base.metadata.sorted_tables if table.name not in KEPT]
    kept = ", ".join(f"'{name}'::regclass" for name in KEPT)
    written = ", ".join(
        f"CASE WHEN EXISTS (SELECT FROM {name}) THEN '{name}' END" for name in tables
    )
    return f"""
        CREATE OR REPLACE FUNCTION tests.empty_site() RETURNS void LANGUAGE plpgsql
        -- No trigger counts what goes, and nothing that stays refers to it.
        SET session_replication_role = replica SET lock_timeout = 0 AS $$
        DECLARE name text;
        BEGIN
            LOCK TABLE {", ".join(tables)} IN EXCLUSIVE MODE;
            FOREACH name IN ARRAY array_remove(ARRAY[{written}], NULL) LOOP
                IF pg_relation_size(name::regclass) > {LARGE_TABLE} THEN
                    EXECUTE format('TRUNCATE %I CASCADE', name);
                ELSE
                    EXECUTE format('DELETE FROM %I', name);
                END IF;
            END LOOP;
            PERFORM setval(seqrelid, 1, false) FROM pg_sequence
                WHERE pg_sequence_last_value(seqrelid) IS NOT NULL AND NOT EXISTS (
                    SELECT FROM pg_depend WHERE objid = seqrelid AND refobjid IN ({kept})
                );
        END $$"""


async def define_emptying(connection: AsyncConnection) -> None:
    """Define the function that empties the site."""
    await connection.execute(text("CREATE SCHEMA IF NOT EXISTS tests"))
    await connection.execute(text(_definition()))


async def empty(engine: AsyncEngine) -> None:
    """Empty the site.

    The last test's work in the background may take its time, and lock what is emptied in another
    order.
    """
    for tries_left in reversed(range(3)):
        try:
            async with engine.begin() as connection:
                await connection.execute(EMPTY_SITE)
        except DBAPIError as error:
            if not tries_left or not is_deadlock(error):
                raise
        else:
            return
