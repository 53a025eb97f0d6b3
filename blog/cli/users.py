"""`blog user …`."""

import click
from sqlalchemy import select

from blog.accounts.queries import user_by_login
from blog.cli.running import asynchronous, opened_app
from blog.models import Role


@click.group()
def user() -> None:
    """Manage people."""


@user.command()
@click.argument("who")
@click.option("--role", default="Administrator", show_default=True)
@asynchronous
async def promote(who: str, role: str) -> None:
    """Give the person with this username or e-mail address a role."""
    async with opened_app() as app, app.database.session() as session:
        person = await user_by_login(session, who)
        if person is None:
            raise click.ClickException(f"nobody is called {who}")
        granted = await session.scalar(select(Role).where(Role.name == role))
        if granted is None:
            names = ", ".join(await session.scalars(select(Role.name).order_by(Role.permissions)))
            raise click.ClickException(f"there is no role {role}; the roles are {names}")
        person.role = granted
        await session.commit()
    click.echo(f"{person.username} is now {granted.name}.")
