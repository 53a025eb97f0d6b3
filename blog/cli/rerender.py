"""`blog rerender`."""

import sys

import click

from blog.cli.running import asynchronous, open_app
from blog.core.web.app import Broadside
from blog.posts import rerendering


@click.command()
@click.option(
    "--batch",
    type=click.IntRange(1, 10_000),
    default=500,
    show_default=True,
    help="The number of texts per batch.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also texts of the current version, for example after an update of a library.",
)
@asynchronous
async def rerender(*, batch: int, everything: bool) -> None:
    """Render old posts and comments with the current renderer.

    The site may be running. After an interruption, it continues where it stopped (with --all, from
    the beginning). A text that has become too complex keeps its HTML.
    """
    async with open_app() as app:
        for kind in rerendering.KINDS:
            await _rerender(app, kind, batch, everything)


async def _rerender(app: Broadside, kind: rerendering.Kind, batch: int, everything: bool) -> None:
    """Rerender one kind with a progress bar, and print the result."""
    end = await rerendering.last_id(app.database, kind)
    stored, too_complex = 0, list[int]()
    bar = click.progressbar(
        length=end, label=kind.name, file=sys.stderr, hidden=not end or not sys.stderr.isatty()
    )
    with bar:
        steps = rerendering.rerender(
            app.database, kind, app.renderer.rerender, batch=batch, everything=everything
        )
        async for step in steps:
            stored += step.stored
            too_complex += step.too_complex
            bar.update(step.last_id - bar.pos)
        bar.update(end - bar.pos)
    click.echo(f"{kind.name}: {stored} rendered")
    for id_ in too_complex:
        click.echo(f"{kind.name}: {id_} is too complex, and was not changed")
