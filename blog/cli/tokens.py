"""`blog token …`."""

import click

from blog.accounts.queries import tokens_of
from blog.admin import service
from blog.cli.people import find_person
from blog.cli.running import asynchronous, open_app
from blog.core.text.counting import counted


@click.group()
def token() -> None:
    """List and revoke the API tokens of users."""


@token.command("list")
@click.option("--user", "who", metavar="WHO", required=True, help="By username or email address.")
@asynchronous
async def list_tokens(who: str) -> None:
    """List the tokens of a user, the newest first."""
    async with find_person(who) as (_, session, person):
        tokens = await tokens_of(session, person)
    for each in tokens:
        used = f"{each.last_used_at:%Y-%m-%d %H:%M}" if each.last_used_at else "never used"
        scopes = ",".join(each.scope_names)
        click.echo(f"{each.id}\t{each.name}\t{scopes}\t{used}\t{each.expires_at:%Y-%m-%d %H:%M}")


@token.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1), required=False)
@click.option("--user", "who", metavar="WHO", help="All tokens of a user, instead of one by ID.")
@asynchronous
async def revoke(number: int | None, who: str | None) -> None:
    """Revoke a token, or all tokens of a user.

    This takes effect at once.
    """
    if who is not None and number is None:
        async with find_person(who) as (_, session, person):
            count = await service.revoke_all_tokens(session, person)
    elif number is not None and who is None:
        async with open_app() as app, app.database.session() as session:
            person, count = await service.revoke_token(session, number), 1
    else:
        raise click.UsageError("give either the ID of a token or --user")
    click.echo(f"Revoked {counted(count, 'token')} of {person.username}.")
