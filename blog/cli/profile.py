"""`blog profile`."""

import logging
from pathlib import Path
from statistics import median

import click
from pyinstrument import Profiler

from blog.accounts.queries import user_by_login
from blog.cli.profiling import Measurement
from blog.cli.profiling import profile as profiled
from blog.cli.running import asynchronous, open_app
from blog.core.web.app import Broadside
from blog.models import User
from settings import load_settings

SLOWEST = 10


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--requests",
    type=click.IntRange(1, 100_000),
    default=50,
    show_default=True,
    help="The number of requests per PATH.",
)
@click.option(
    "--user", "who", metavar="WHO", help="The user to log in as, by username or email address."
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    default="profile.html",
    show_default=True,
    help="The file for the report.",
)
@asynchronous
async def profile(*, paths: tuple[str, ...], requests: int, who: str | None, output: Path) -> None:
    """Profile the rendering of pages.

    Each PATH, by default /, is requested repeatedly in this process, anonymously or as a user. The
    report of pyinstrument is an HTML file.
    """
    on_its_own = {"rate_limits": False, "database_replica_url": None}
    async with open_app(load_settings().model_copy(update=on_its_own)) as app:
        # The access log would bury the output of this command.
        logging.getLogger("blog.core.web.request_log").setLevel(logging.WARNING)
        person = await _find_person(app, who)
        profiler, measured = await profiled(app, paths or ("/",), requests, person)
    for each in measured:
        click.echo(_format_line(each))
    click.echo("The slowest functions, in seconds:")
    for line in _slowest_functions(profiler):
        click.echo(f"  {line}")
    profiler.write_html(output)
    click.echo(f"The full report is in {output}")


async def _find_person(app: Broadside, who: str | None) -> User | None:
    if who is None:
        return None
    async with app.database.session() as session:
        if (person := await user_by_login(session, who)) is None:
            raise click.ClickException(f"there's no user {who}")
    return person


def _format_line(measured: Measurement) -> str:
    best, middle, worst = (
        f"{1000 * seconds:.1f}"
        for seconds in (measured.seconds[0], median(measured.seconds), measured.seconds[-1])
    )
    times = f"{best} to {worst} ms, median {middle} ms"
    return f"{measured.path}: {len(measured.seconds)} times status {measured.status}, {times}"


def _slowest_functions(profiler: Profiler) -> list[str]:
    """The functions with the most self time, in seconds."""
    report = profiler.output_text(flat=True, short_mode=True).splitlines()
    return [line for line in report if line[:1].isdigit()][:SLOWEST]
