"""`blog deploy`."""

import click

from blog.admin.roles import sync_roles
from blog.cli.running import asynchronous, opened_app
from blog.kit import migrations
from blog.kit.database import Database
from blog.posts import counts


@click.command()
@click.option("--skip-counts", is_flag=True, help="Leave them to blog recount.")
@asynchronous
async def deploy(*, skip_counts: bool) -> None:
    """Bring the database's schema, roles and counts up to date.

    Safe to run twice, and by two machines at once. The site may be in use meanwhile. Proving the
    counts reads all posts, comments and follows.
    """
    async with opened_app() as app:
        await migrate(app.database)
        click.echo("The schema and the roles are up to date.")
        if skip_counts:
            return
        async with app.database.session() as session:
            repaired = await counts.recount(session)
    for name, number in repaired.items():
        if number:
            click.echo(f"{name}: {number} repaired")
    click.echo("The counts are right.")


async def migrate(database: Database) -> None:
    """Run the migrations that an open database is missing, and define its roles."""
    async with database.engine.connect() as connection:
        await connection.run_sync(migrations.upgrade)
    async with database.session() as session:
        await sync_roles(session)
