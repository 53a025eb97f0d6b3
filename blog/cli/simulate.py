"""`blog simulate`."""

import math

import click

from blog.cli.running import asynchronous, open_app
from blog.core.clock import now
from blog.core.db import migrations
from blog.core.text.counting import counted
from blog.demo.simulation.loading import load, refuse_used_site, simulation_schema
from blog.demo.simulation.measuring import measure
from blog.demo.simulation.report import Day, format_blocks, format_table, format_verdict
from blog.demo.simulation.shape import Shape, Size


def refuse_nan(_context: click.Context, _option: click.Parameter, value: float) -> float:
    """Refuse `nan`, which click finds in every range: it is neither below nor above one."""
    if math.isnan(value):
        raise click.BadParameter("nan is not a number.")
    return value


@click.command()
@click.option("--people", type=click.IntRange(200, 1_000_000), default=10_000, show_default=True,
              help="The number of people.")  # fmt: skip
@click.option("--follows", type=click.IntRange(2, 100), default=20, show_default=True,
              help="How many people each follows, on average.")  # fmt: skip
@click.option("--posts", type=click.IntRange(1, 10), default=2, show_default=True,
              help="How many posts each has written, on average.")  # fmt: skip
@click.option("--pages-a-day", type=click.FloatRange(0.01, 1000), default=10, show_default=True,
              callback=refuse_nan,
              help="How many pages of their timeline each reads a day.")  # fmt: skip
@click.option("--posts-a-day", type=click.FloatRange(0.001, 100), default=0.2, show_default=True,
              callback=refuse_nan,
              help="How many posts each writes a day.")  # fmt: skip
@click.option("--seconds", type=click.IntRange(1, 3600), default=60, show_default=True,
              help="How long to measure; loading comes before.")  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="Another seed gives other people.")
@asynchronous
async def simulate(
    *, people: int, follows: int, posts: int, pages_a_day: float, posts_a_day: float,
    seconds: int, seed: int,
) -> None:  # fmt: skip
    """Measure what timelines cost on a large site.

    Fills a separate schema with people, follows by a power law, and posts, and drops it at the end.
    Measures a page of a timeline as the site queries it (fan-out on read), and as it would be if
    each post were stored in the timelines of all followers (fan-out on write), which the site does
    not do. The database has to be empty, or to contain only the demo. A million people need several
    gigabytes of disk space.
    """
    async with open_app() as app:
        async with app.database.engine.connect() as connection:
            await connection.run_sync(migrations.require_current)
            await refuse_used_site(connection)
        time = now()
        rows = Shape(Size(people, follows, posts), seed, time)
        async with simulation_schema(app.database.engine) as connection:
            await load(connection, rows, lambda line: click.echo(line, err=True))
            measurements = await measure(connection, rows, time, seconds)
    click.echo("\n".join(format_table(measurements)))
    if not measurements.is_complete:
        click.echo(f"After {counted(seconds, 'second')} the rest was left out.")
    click.echo(format_blocks(measurements))
    click.echo(format_verdict(measurements, Day(pages_a_day, posts_a_day)))
