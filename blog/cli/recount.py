"""`blog recount`."""

import click

from blog.cli.running import asynchronous, open_app
from blog.posts import counts


@click.command()
@click.option("--check", is_flag=True, help="Only report; the exit code is 1 if a count is wrong.")
@asynchronous
async def recount(*, check: bool) -> None:
    """Verify and repair the stored counts.

    The site may be running.
    """
    async with open_app() as app, app.database.session() as session:
        wrong = await (counts.wrong_counts(session) if check else counts.recount(session))
    for name, number in wrong.items():
        click.echo(f"{name}: {number} {'wrong' if check else 'repaired'}")
    if check and any(wrong.values()):
        raise SystemExit(1)
