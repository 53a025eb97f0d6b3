"""`blog user …`."""

import click

from blog.accounts.queries import user_by_login
from blog.admin import service
from blog.cli.running import asynchronous, opened_app
from blog.errors import InvalidFieldsError
from blog.models.role import ADMINISTRATOR, ROLES


@click.group()
def user() -> None:
    """Manage people."""


@user.command()
@click.argument("who")
@click.option(
    "--role", default=ADMINISTRATOR, show_default=True, help=", ".join(role.name for role in ROLES)
)
@asynchronous
async def promote(who: str, role: str) -> None:
    """Give the person with this username or e-mail address a role."""
    async with opened_app() as app, app.database.session() as session:
        person = await user_by_login(session, who)
        if person is None:
            raise click.ClickException(f"nobody is called {who}")
        try:
            person = await service.change_role(session, None, person.id, role)
        except InvalidFieldsError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{person.username} is now {person.role.name}.")
