"""`blog rerender`."""

import sys

import click

from blog.cli.running import asynchronous, opened_app
from blog.core.web.app import Broadside
from blog.posts import rerendering


@click.command()
@click.option(
    "--batch",
    type=click.IntRange(1, 10_000),
    default=500,
    show_default=True,
    help="How many texts are held in memory, and stored at a time.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also what the present version made, such as after an update of a library.",
)
@asynchronous
async def rerender(*, batch: int, everything: bool) -> None:
    """Lay out old posts and comments by the new renderer.

    The site may be in use meanwhile. Stopped and run again, it goes on where it was (with --all
    from the beginning). A text that has become too intricate keeps the looks that it has.
    """
    async with opened_app() as app:
        for kind in rerendering.KINDS:
            await _rerender(app, kind, batch, everything)


async def _rerender(app: Broadside, kind: rerendering.Kind, batch: int, everything: bool) -> None:
    """Run through one kind with a bar, as long as the ids, and say what was done."""
    end = await rerendering.last_id(app.database, kind)
    stored, intricate = 0, list[int]()
    bar = click.progressbar(
        length=end, label=kind.name, file=sys.stderr, hidden=not end or not sys.stderr.isatty()
    )
    with bar:
        steps = rerendering.rerender(
            app.database, kind, app.renderer.again, batch=batch, everything=everything
        )
        async for step in steps:
            stored += step.stored
            intricate += step.intricate
            bar.update(step.last_id - bar.pos)
        bar.update(end - bar.pos)
    click.echo(f"{kind.name}: {stored} laid out anew")
    for id_ in intricate:
        click.echo(f"{kind.name}: {id_} is too intricate, and stays as it is")
