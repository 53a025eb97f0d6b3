"""`blog mail …`."""

import click

import setting_values
from blog.cli.running import asynchronous, open_app
from blog.core.clock import now
from blog.core.db.cursors import InvalidCursorError
from blog.core.db.pagination import CursorRequest, PageRequest
from blog.core.text.counting import counted
from blog.mail import queries, service
from blog.mail.delivery import DeliveryError, NoConnectionError, build_delivery
from blog.mail.trial import send_test_message
from blog.models import EmailState
from settings import load_settings


@click.group()
def mail() -> None:
    """Inspect and test outgoing mail."""


@mail.command()
@asynchronous
async def status() -> None:
    """Show the number of messages in each state.

    It also shows the age of the oldest.
    """
    async with open_app() as app, app.database.session() as session:
        for line in await queries.summary(session):
            age = (
                f"oldest {_format_age((now() - line.oldest).total_seconds())}"
                if line.oldest
                else ""
            )
            click.echo(f"{line.state:8} {line.number_in_words:>12}  {age}".rstrip())


def _format_age(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} seconds ago"


@mail.command("list")
@click.option("--failed", "state", flag_value="failed", help="Messages that failed permanently.")
@click.option(
    "--queued",
    "state",
    flag_value="queued",
    default="queued",
    help="Messages waiting to be sent.",
)
@click.option(
    "--page",
    type=click.IntRange(1, queries.DEEPEST_PAGE),
    default=1,
    show_default=True,
    help="Pages have 50 messages.",
)
@click.option("--before", default="", help="Continue after a previous list.")
@asynchronous
async def list_messages(state: str, page: int, before: str) -> None:
    """List messages, the newest first."""
    wanted = CursorRequest(50, before) if before else PageRequest(page, 50)
    async with open_app() as app, app.database.session() as session:
        try:
            found = await queries.in_state(session, EmailState(state), wanted)
        except InvalidCursorError:
            raise click.UsageError("--before isn't from a previous list") from None
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
@click.argument("address")
@asynchronous
async def test(address: str) -> None:
    """Send a test message to ADDRESS immediately.

    It uses the same settings as all mail, but bypasses the outbox, and needs no database.
    """
    try:
        recipient = setting_values.address(address)
    except ValueError:
        raise click.UsageError(f"{address} isn't an email address") from None
    settings = load_settings()
    delivery = build_delivery(settings)
    if delivery is None:
        raise click.ClickException("no mail server is configured: set MAIL_SERVER")
    subject = f"{settings.mail_subject_prefix}A test"
    where = f"{settings.mail_server}:{settings.mail_port}"
    try:
        number = await send_test_message(
            delivery, recipient, site=settings.base_url, subject=subject
        )
    except NoConnectionError as error:
        raise click.ClickException(f"cannot connect to {where}: {error}") from None
    except DeliveryError as error:
        raise click.ClickException(f"{where} did not accept the message: {error}") from None
    if settings.mail_server is None:
        where = "the development mailbox"
    click.echo(f"{where} accepted message {number} for {recipient}. Check that it arrives.")


@mail.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1), required=False)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="All messages that have failed, permanently or so far.",
)
@asynchronous
async def retry(number: int | None, everything: bool) -> None:
    """Retry a failed message, with its number of attempts reset."""
    if everything == (number is not None):
        raise click.UsageError("give either the ID of a message or --all")
    async with open_app() as app, app.database.session() as session:
        count = await service.retry(session, number)
    if number is not None and not count:
        raise click.ClickException(f"message {number} hasn't failed, or doesn't exist")
    click.echo(f"{counted(count, 'email')} will be sent again.")
