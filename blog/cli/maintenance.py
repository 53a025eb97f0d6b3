"""`blog maintenance`."""

import click

from blog.core.web.maintenance import WORDS, maintenance_file
from settings import load_settings


@click.group()
def maintenance() -> None:
    """Show a maintenance page to all visitors."""


@maintenance.command("on")
@click.option("--words", default=WORDS, show_default=True, help="What visitors read.")
def on(*, words: str) -> None:
    """Answer all requests with 503.

    It takes effect at once, in all web processes of this machine, and lasts until `blog maintenance
    off`, also after a restart. Workers continue.
    """
    file = maintenance_file(load_settings().var_dir)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.new")
    draft.write_text(f"{words}\n")
    draft.replace(file)
    click.echo("The site is in maintenance.")


@maintenance.command("off")
def off() -> None:
    """Answer requests again."""
    maintenance_file(load_settings().var_dir).unlink(missing_ok=True)
    click.echo("The site answers requests.")
