"""`blog mail …`."""

import click

from blog.cli.running import asynchronous, opened_app
from blog.kit.clock import now
from blog.kit.cursors import InvalidCursorError
from blog.kit.pagination import PageRequest, Walk
from blog.mail import queries, service
from blog.models import EmailState


@click.group()
def mail() -> None:
    """Look after the outbox."""


@mail.command()
@asynchronous
async def status() -> None:
    """Show how many messages are in each state.

    Beside it is the age of the oldest.
    """
    async with opened_app() as app, app.database.session() as session:
        for line in await queries.summary(session):
            age = f"oldest {_age((now() - line.oldest).total_seconds())}" if line.oldest else ""
            click.echo(f"{line.state:8} {line.number_in_words:>12}  {age}".rstrip())


def _age(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} seconds ago"


@mail.command("list")
@click.option("--failed", "state", flag_value="failed", help="Those that were given up.")
@click.option("--queued", "state", flag_value="queued", default="queued", help="Those that wait.")
@click.option(
    "--page",
    type=click.IntRange(1, queries.DEEPEST_PAGE),
    default=1,
    show_default=True,
    help="Each has 50.",
)
@click.option("--before", default="", help="Go on where an earlier list ended.")
@asynchronous
async def list_messages(state: str, page: int, before: str) -> None:
    """List messages, the newest first."""
    wanted = Walk(50, before) if before else PageRequest(page, 50)
    async with opened_app() as app, app.database.session() as session:
        try:
            found = await queries.in_state(session, EmailState(state), wanted)
        except InvalidCursorError:
            raise click.UsageError("no list has ended there") from None
    for email in found.rows:
        click.echo(
            f"{email.id}\t{email.created_at:%Y-%m-%d %H:%M}\t{email.purpose}\t"
            f"{email.recipient}\t{email.last_error}"
        )
    if found.next_number:
        click.echo(f"There are more: --page {found.next_number}", err=True)
    elif found.next_cursor:
        click.echo(f"There are more: --before {found.next_cursor}", err=True)


@mail.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1), required=False)
@click.option("--all", "everything", is_flag=True, help="All that failed, for good or so far.")
@asynchronous
async def retry(number: int | None, everything: bool) -> None:
    """Send a message again that failed, with its attempts counted anew."""
    if everything == (number is not None):
        raise click.UsageError("give either the ID of a message or --all")
    async with opened_app() as app, app.database.session() as session:
        count = await service.retry(session, number)
    if number is not None and not count:
        raise click.ClickException(f"message {number} has not failed, or is gone")
    click.echo(f"{count} to be sent again.")
