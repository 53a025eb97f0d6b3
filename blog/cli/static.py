"""`blog static`."""

from pathlib import Path

import click

from blog import PROJECT
from blog.core.web.assets import own_assets


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def static(*, folder: Path) -> None:
    """Write style sheets, scripts and icons for a web server.

    They are in FOLDER/static, by names that change with their content, and may be kept for ever.
    What is not there the application serves. Run it at each update of the site; files of the past
    stay.
    """
    try:
        addresses = own_assets(PROJECT).write(folder)
    except OSError as error:
        raise click.ClickException(f"cannot write {error.filename}: {error.strerror}") from None
    click.echo(f"Wrote {len(addresses)} files to {folder}, and a compressed one beside each.")
