"""`blog user …`."""

import json
import secrets
import sys

import click
from pydantic import ValidationError

from blog.accounts.registration.service import role_for
from blog.accounts.schemas import UserCreate
from blog.accounts.second_factor import service as second_factor
from blog.admin import queries, service
from blog.admin.schemas import AccountState, PeopleSearch
from blog.cli.people import find_person
from blog.cli.running import asynchronous, open_app
from blog.core.auth.viewer import OPERATOR
from blog.core.db.pagination import CursorRequest
from blog.core.text.counting import counted
from blog.core.text.validation import messages
from blog.core.web.app import Broadside
from blog.models import User
from blog.models.role import ADMINISTRATOR, ROLES

ROLE_NAMES = ", ".join(role.name for role in ROLES)
STATES = [state.value for state in AccountState if state is not AccountState.ANY]
AT_ONCE = 500


@click.group()
def user() -> None:
    """Manage users. WHO is a username or an email address. All changes are in the audit log."""


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
    """Create an account with a confirmed email address.

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
        problems = (
            f"{field}: {text}" for field, text in messages(error, for_programs=True).items()
        )
        raise click.UsageError(" ".join(problems)) from None
    _create(form, role)
    if generate_password:
        click.echo(f"Password: {password}")


@asynchronous
async def _create(form: UserCreate, role: str | None) -> None:
    async with open_app() as app, app.database.session() as session:
        if role is None:
            role = (await role_for(session, form.email, app.settings.admin_email)).name
        person = await service.create_account(session, form, app.passwords, role)
    click.echo(f"Created {person.username}, as {person.role.name}.")


@user.command("list")
@click.argument("beginning", required=False, default="")
@click.option("--role", "role_name", help=ROLE_NAMES)
@click.option("--state", type=click.Choice(STATES), help="By default any.")
@click.option("--json", "as_json", is_flag=True, help="An object per line, for programs.")
@asynchronous
async def list_users(*, beginning: str, role_name: str | None, state: str, as_json: bool) -> None:
    """List users by username.

    All of them, or those whose username, address or name starts with BEGINNING.
    """
    search = PeopleSearch(q=beginning, state=AccountState(state or ""))
    async with open_app() as app:
        await print_users(app, search, role_name, as_json=as_json)


async def print_users(
    app: Broadside, search: PeopleSearch, role_name: str | None, *, as_json: bool
) -> None:
    """Print a line for each user who matches, reading `AT_ONCE` at a time."""
    async with app.database.session() as session:
        roles = {role.name: role for role in await queries.roles(session)}
        if role_name is not None and role_name not in roles:
            raise click.UsageError(f"there's no role {role_name}; the roles are {ROLE_NAMES}")
        wanted: CursorRequest | None = CursorRequest(AT_ONCE)
        while wanted is not None:
            page = await queries.people(session, search, roles.get(role_name or ""), wanted)
            for person in page.rows:
                click.echo(_format_json(person) if as_json else _format_line(person))
            wanted = CursorRequest(AT_ONCE, page.next_cursor) if page.next_cursor else None
            session.expunge_all()


def _state(person: User) -> AccountState:
    if person.is_disabled:
        return AccountState.DISABLED
    return AccountState.ACTIVE if person.is_confirmed else AccountState.UNCONFIRMED


def _format_line(person: User) -> str:
    joined, seen = (f"{each:%Y-%m-%d}" for each in (person.created_at, person.last_seen_at))
    return "\t".join(
        (person.username, person.email, person.role.name, _state(person), joined, seen)
    )


def _format_json(person: User) -> str:
    return json.dumps(
        {
            "username": person.username,
            "email": person.email,
            "name": person.name,
            "role": person.role.name,
            "state": _state(person),
            "posts": person.post_count,
            "created_at": person.created_at.isoformat(),
            "last_seen_at": person.last_seen_at.isoformat(),
        },
        ensure_ascii=False,
    )


@user.command()
@click.argument("who")
@click.option("--role", default=ADMINISTRATOR, show_default=True, help=ROLE_NAMES)
@asynchronous
async def promote(who: str, role: str) -> None:
    """Change the role of a user."""
    async with find_person(who) as (_, session, person):
        await service.change_role(session, OPERATOR, person.id, role)
    click.echo(f"{person.username} is now {person.role.name}.")


@user.command()
@click.argument("who")
@click.option("--reason", default="", help="For the audit log.")
@asynchronous
async def disable(who: str, reason: str) -> None:
    """Disable an account and end its sessions. Its posts and comments stay."""
    async with find_person(who) as (_, session, person):
        await service.disable(session, OPERATOR, person.id, reason)
    click.echo(f"{person.username} is now disabled and logged out everywhere.")


@user.command()
@click.argument("who")
@asynchronous
async def enable(who: str) -> None:
    """Enable a disabled account."""
    async with find_person(who) as (_, session, person):
        await service.enable(session, OPERATOR, person.id)
    click.echo(f"{person.username} can log in again.")


@user.command()
@click.argument("who")
@click.option("--reason", default="", help="For the audit log.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@asynchronous
async def delete(who: str, reason: str, *, yes: bool) -> None:
    """Delete an account and everything that belongs to it.

    Its posts, comments and images disappear at once, and a background job deletes their rows. This
    can't be undone.
    """
    async with find_person(who) as (_, session, person):
        user_id, name = person.id, person.username
        posts = counted(person.post_count, "public post")
        question = f"Permanently delete {name} ({person.email}), with {posts}?"
        # Don't keep a transaction open while waiting for the answer.
        await session.rollback()
        if not yes:
            click.confirm(question, abort=True)
        await service.delete_account(session, user_id, reason)
    click.echo(f"{name} is deleted. What belonged to the account is being removed.")


@user.command("reset-password")
@click.argument("who")
@click.option("--print-link", is_flag=True, help="Print the link instead of mailing it.")
@asynchronous
async def reset_password(who: str, print_link: bool) -> None:
    """Mail a user a link to set a new password.

    It is valid once, for an hour.
    """
    async with find_person(who) as (app, session, person):
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


@user.command("reset-second-factor")
@click.argument("who")
@click.option("--yes", is_flag=True, help="Don't ask.")
@asynchronous
async def reset_second_factor(who: str, *, yes: bool) -> None:
    """Remove the second factor of a user who has lost it.

    The recovery codes are removed as well. Make sure that the request really comes from the user,
    who is notified by mail.
    """
    async with find_person(who) as (_, session, person):
        user_id, name = person.id, person.username
        question = f"Let {name} ({person.email}) log in with the password alone?"
        # Don't keep a transaction open while waiting for the answer.
        await session.rollback()
        if not yes:
            click.confirm(question, abort=True)
        had_any = await second_factor.reset(session, user_id)
    if had_any:
        click.echo(f"{name} can log in with the password alone.")
    else:
        click.echo(f"{name} has no second factor.")
