"""`blog check`."""

from collections import Counter

import click

from blog.checks.configuration import check_configuration
from blog.checks.database import check_database
from blog.checks.findings import Finding, Severity
from blog.checks.mail import check_mail
from blog.cli.running import asynchronous
from settings import load_settings

COLOURS = {Severity.OK: "green", Severity.WARNING: "yellow", Severity.SERIOUS: "red"}


@click.command()
@asynchronous
async def check() -> None:
    """Say whether this site is fit for production.

    It looks at the settings, the database and the mail server. Each finding is a line: ok, warning
    or serious. The exit code is 1 if any is serious.
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
    for checking in (check_database, check_mail):
        async for finding in checking(settings):
            show(finding)
    if number[Severity.SERIOUS]:
        raise SystemExit(1)
