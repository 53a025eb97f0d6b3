"""`blog routes`."""

import click
from quart import Quart
from werkzeug.routing import Rule

from blog import create_app
from settings import load_settings

AUTOMATIC = {"HEAD", "OPTIONS"}


@click.command()
def routes() -> None:
    """List the routes of the site.

    Each line has the methods, rule, endpoint and purpose of a route.
    """
    app = create_app(load_settings())
    rows = sorted(
        (_build_row(app, rule) for rule in app.url_map.iter_rules()), key=lambda row: row[1::-1]
    )
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for *cells, purpose in rows:
        aligned = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        click.echo(f"{aligned}  {purpose}".rstrip())


def _build_row(app: Quart, rule: Rule) -> tuple[str, str, str, str]:
    methods = ",".join(sorted((rule.methods or set()) - AUTOMATIC)) or "GET"
    documentation = app.view_functions[rule.endpoint].__doc__ or ""
    return methods, rule.rule, rule.endpoint, documentation.strip().partition("\n")[0]
