"""`blog version`."""

import platform
from importlib.metadata import version as version_of

import click

from blog.core.db.migrations import known_revisions


@click.command()
def version() -> None:
    """Print the version of Broadside.

    Also prints the version of Python, and the schema that this version needs.
    """
    (schema,), _ = known_revisions()
    click.echo(f"Broadside {version_of('broadside')}")
    click.echo(f"Python {platform.python_version()}")
    click.echo(f"Schema {schema}")
