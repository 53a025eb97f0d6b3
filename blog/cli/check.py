"""`blog check`."""

from collections import Counter

import click

from blog.checks.configuration import check_configuration
from blog.checks.database import check_database
from blog.checks.disk import check_disk
from blog.checks.findings import Finding, Severity
from blog.checks.mail import check_mail
from blog.checks.storage import check_storage
from blog.cli.running import asynchronous
from settings import load_settings

COLOURS = {Severity.OK: "green", Severity.WARNING: "yellow", Severity.SERIOUS: "red"}


@click.command()
@click.option(
    "--services",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="The number of `blog serve` on all machines.",
)
@click.option(
    "--workers",
    type=click.IntRange(0, 1000),
    default=1,
    show_default=True,
    help="The number of `blog worker`, if BACKGROUND_WORKER is external.",
)
@asynchronous
async def check(*, services: int, workers: int) -> None:
    """Check whether this site is ready for production.

    Checks the settings, free space, the database, backups, the file storage and the mail server (to
    send a message, use blog mail test). Each finding is a line: ok, warning or serious. The exit
    code is 1 if any finding is serious.
    """
    settings = load_settings()
    number = Counter[Severity]()

    def show(finding: Finding) -> None:
        number[finding.severity] += 1
        severity = click.style(f"{finding.severity:8}", fg=COLOURS[finding.severity], bold=True)
        hint = click.style(f"; {finding.hint}", dim=True) if finding.hint else ""
        click.echo(f"{severity} {finding.subject:15} {finding.text}{hint}")

    for finding in check_configuration(settings):
        show(finding)
    for finding in check_disk(settings):
        show(finding)
    async for finding in check_database(settings, services, workers):
        show(finding)
    async for finding in check_storage(settings):
        show(finding)
    async for finding in check_mail(settings):
        show(finding)
    if number[Severity.SERIOUS]:
        raise SystemExit(1)
