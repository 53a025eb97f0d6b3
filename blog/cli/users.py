"""`blog user …`."""

import secrets
import sys

import click
from pydantic import ValidationError

from blog.accounts.registration.service import role_for
from blog.accounts.schemas import UserCreate
from blog.admin import service
from blog.cli.people import found_person
from blog.cli.running import asynchronous, opened_app
from blog.core.auth.viewer import OPERATOR
from blog.core.text.validation import messages
from blog.models.role import ADMINISTRATOR, ROLES

ROLE_NAMES = ", ".join(role.name for role in ROLES)


@click.group()
def user() -> None:
    """Manage users. WHO is a username or an e-mail address. All changes are in the audit log."""


@user.command()
@click.argument("username")
@click.argument("email")
@click.option(
    "--role",
    help=f"{ROLE_NAMES}. By default {ADMINISTRATOR} for an address in ADMIN_EMAIL, else "
    f"{ROLES[0].name}.",
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--generate-password", is_flag=True, help="Generate one, and print it once.")
def create(
    *, username: str, email: str, role: str | None, password_stdin: bool, generate_password: bool
) -> None:
    """Create an account with a confirmed e-mail address.

    Prompts for the password, unless an option provides it.
    """
    if password_stdin and generate_password:
        raise click.UsageError("--password-stdin excludes --generate-password")
    if generate_password:
        password = secrets.token_urlsafe(12)
    elif password_stdin:
        password = sys.stdin.readline().removesuffix("\n")
    elif sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt="Repeat")
    else:
        raise click.UsageError("without a terminal use --password-stdin or --generate-password")
    values = {"username": username, "email": email, "password": password}
    try:
        form = UserCreate.model_validate(values)
    except ValidationError as error:
        problems = (f"{field}: {text}" for field, text in messages(error).items())
        raise click.UsageError(" ".join(problems)) from None
    _create(form, role)
    if generate_password:
        click.echo(f"Password: {password}")


@asynchronous
async def _create(form: UserCreate, role: str | None) -> None:
    async with opened_app() as app, app.database.session() as session:
        if role is None:
            role = (await role_for(session, form.email, app.settings.admin_email)).name
        person = await service.create_account(session, form, app.passwords, role)
    click.echo(f"Created {person.username}, as {person.role.name}.")


@user.command()
@click.argument("who")
@click.option("--role", default=ADMINISTRATOR, show_default=True, help=ROLE_NAMES)
@asynchronous
async def promote(who: str, role: str) -> None:
    """Change the role of a user."""
    async with found_person(who) as (_, session, person):
        await service.change_role(session, OPERATOR, person.id, role)
    click.echo(f"{person.username} is now {person.role.name}.")


@user.command()
@click.argument("who")
@click.option("--reason", default="", help="For the audit log.")
@asynchronous
async def disable(who: str, reason: str) -> None:
    """Disable an account and end its sessions. Its posts and comments stay."""
    async with found_person(who) as (_, session, person):
        await service.disable(session, OPERATOR, person.id, reason)
    click.echo(f"{person.username} is now disabled and logged out everywhere.")


@user.command()
@click.argument("who")
@asynchronous
async def enable(who: str) -> None:
    """Enable a disabled account."""
    async with found_person(who) as (_, session, person):
        await service.enable(session, OPERATOR, person.id)
    click.echo(f"{person.username} can log in again.")


@user.command("reset-password")
@click.argument("who")
@click.option("--print-link", is_flag=True, help="Print the link instead of mailing it.")
@asynchronous
async def reset_password(who: str, print_link: bool) -> None:
    """Mail a user a link to set a new password.

    It is valid once, for an hour.
    """
    async with found_person(who) as (app, session, person):
        if person.is_disabled:
            raise click.ClickException(
                f"{person.username} is disabled and couldn't log in: run blog user enable first"
            )
        link = await service.offer_new_password(
            session, person.id, app.links, by_mail=not print_link
        )
    if print_link:
        click.echo(link)
    else:
        click.echo(f"Sending {person.username} a link to reset their password, to {person.email}.")
