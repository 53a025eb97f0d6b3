"""`blog deploy`."""

import click

from blog.admin.roles import sync_roles
from blog.cli.running import asynchronous, open_app
from blog.core.db import migrations
from blog.core.db.database import Database
from blog.core.events.log import adopt


@click.command()
@asynchronous
async def deploy() -> None:
    """Run pending migrations, and update the roles.

    Safe to run twice, and on two machines at once. The site may be running.
    """
    async with open_app() as app:
        await migrate(app.database)
    click.echo("The schema and the roles are up to date.")


async def migrate(database: Database) -> int:
    """Run pending migrations of an open database, update its roles, and adopt its event log.

    Returns:
        How many migrations were run.
    """
    async with database.direct_engine.connect() as connection:
        migrated = await connection.run_sync(migrations.upgrade)
    async with database.session() as session:
        await sync_roles(session)
        await adopt(session)
        await session.commit()
    return migrated
