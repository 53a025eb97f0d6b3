"""`blog demo`."""

import asyncio
import secrets

import click

from blog.cli.deploy import migrate
from blog.cli.running import asynchronous, open_app
from blog.core.clock import now
from blog.core.db import migrations
from blog.core.web.app import Broadside
from blog.demo.history import Sizes
from blog.demo.loading import DemonstrationError, is_loaded, load, store_files
from blog.demo.people import CAST, FOUNDER, MEMBER
from blog.demo.pictures import NUMBER, draw

PASSWORD = "demonstration"  # noqa: S105


@click.command()
@click.option("--users", default=60, show_default=True, help="The number of users.")
@click.option("--posts", default=400, show_default=True, help="The number of posts.")
@click.option("--comments", type=int, help="[default: 3 per post]")
@click.option("--follows", type=int, help="[default: 20 per user, or half of all pairs]")
@click.option("--seed", default=1, show_default=True, help="Another seed gives other content.")
@click.option("--yes", is_flag=True, help="Allow it in production.")
@asynchronous
async def demo(
    *, users: int, posts: int, comments: int | None, follows: int | None, seed: int, yes: bool
) -> None:
    """Fill the site with invented users and content.

    The site may be running. The same seed gives the same content. Where the demo is already
    loaded, this only says who to log in as.
    """
    try:
        sizes = Sizes(
            users,
            posts,
            comments=3 * posts if comments is None else comments,
            follows=min(20 * users, Sizes.most_follows(users)) if follows is None else follows,
        )
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None
    async with open_app() as app:
        await _prepare(app, yes)
        password = PASSWORD
        if await _is_loaded(app):
            click.echo("The demo is already loaded.")
            if app.settings.is_production:
                password = "that was printed then"  # noqa: S105
        else:
            if app.settings.is_production:  # A documented password is not safe on a public site.
                password = secrets.token_urlsafe(12)
            await _load(app, sizes, seed, password)
        click.echo(
            f"Log in as {CAST[MEMBER].email} with the password {password}\n"
            f"The administrator is {CAST[FOUNDER].email}, with the same password\n"
            f"If {app.settings.base_url} does not answer yet: make run, or blog serve"
        )


async def _prepare(app: Broadside, yes: bool) -> None:
    """Require --yes in production; elsewhere, migrate the schema."""
    if app.settings.is_production and not yes:
        raise click.ClickException("this is production: use --yes to add invented users")
    if not app.settings.is_production:
        await migrate(app.database)
    async with app.database.engine.connect() as connection:
        await connection.run_sync(migrations.require_current)


async def _is_loaded(app: Broadside) -> bool:
    async with app.database.engine.connect() as connection:
        return await is_loaded(connection)


async def _load(app: Broadside, sizes: Sizes, seed: int, password: str) -> None:
    password_hash = await app.passwords.hash(password)
    pictures = await asyncio.to_thread(draw, seed, NUMBER)
    await store_files(app.storage, pictures)
    with click.progressbar(length=sizes.rows, label=f"Loading {sizes.rows:,} rows") as bar:
        try:
            await load(
                app.database, sizes, seed=seed, until=now(), progress=bar.update,
                password_hash=password_hash, pictures=pictures,
            )  # fmt: skip
        except DemonstrationError as error:
            raise click.ClickException(str(error)) from None
    click.echo(
        f"{sizes.users:,} users, {sizes.posts:,} posts, {sizes.comments:,} comments and "
        f"{sizes.follows:,} follows are on {app.settings.base_url}"
    )
