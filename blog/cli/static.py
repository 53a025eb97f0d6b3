"""`blog static`."""

from pathlib import Path

import click

from blog import PROJECT
from blog.core.web.assets import own_assets


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def static(*, folder: Path) -> None:
    """Export static files for a web server.

    They go to FOLDER/static, under fingerprinted names that may be cached forever. The application
    serves files that are missing there. Run this at each update of the site; older files stay.
    """
    try:
        urls = own_assets(PROJECT).write(folder)
    except OSError as error:
        raise click.ClickException(f"cannot write {error.filename}: {error.strerror}") from None
    click.echo(f"Wrote {len(urls)} files to {folder}, each also compressed.")
