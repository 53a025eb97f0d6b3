"""`blog demo`."""

import secrets

import click

from blog.cli.deploy import migrate
from blog.cli.running import asynchronous, opened_app
from blog.core.clock import now
from blog.core.db import migrations
from blog.core.web.app import Broadside
from blog.demo.history import Sizes
from blog.demo.loading import DemonstrationError, is_loaded, load
from blog.demo.people import CAST, FOUNDER, MEMBER

PASSWORD = "demonstration"  # noqa: S105


@click.command()
@click.option("--users", default=10, show_default=True, help="The number of users.")
@click.option("--posts", default=100, show_default=True, help="The number of posts.")
@click.option("--comments", type=int, help="[default: 3 per post]")
@click.option("--follows", type=int, help="[default: 20 per user, or half of all pairs]")
@click.option("--seed", default=1, show_default=True, help="Another seed gives other content.")
@click.option("--yes", is_flag=True, help="Allow it in production.")
@asynchronous
async def demo(
    *, users: int, posts: int, comments: int | None, follows: int | None, seed: int, yes: bool
) -> None:
    """Fill the site with invented users and content.

    The site may be running. The same seed gives the same content.
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
    async with opened_app() as app:
        await _prepare(app, yes)
        # The documented password is not safe on a public site.
        password = secrets.token_urlsafe(12) if app.settings.is_production else PASSWORD
        password_hash = await app.passwords.hash(password)
        with click.progressbar(length=sizes.rows, label=f"Loading {sizes.rows:,} rows") as bar:
            try:
                await load(
                    app.database, sizes, seed=seed, until=now(), progress=bar.update,
                    password_hash=password_hash,
                )  # fmt: skip
            except DemonstrationError as error:
                raise click.ClickException(str(error)) from None
        _announce(app.settings.base_url, sizes, password)


async def _prepare(app: Broadside, yes: bool) -> None:
    """Refuse in production without --yes; migrate the schema in development."""
    if app.settings.is_production and not yes:
        raise click.ClickException("this is production: use --yes to add invented users")
    if not app.settings.is_production:
        await migrate(app.database)
    async with app.database.engine.connect() as connection:
        await connection.run_sync(migrations.require_current)
        if await is_loaded(connection):
            raise click.ClickException(
                f"the demonstration is loaded already, log in as {CAST[MEMBER].email}; "
                "for another one, start with an empty database"
            )


def _announce(base_url: str, sizes: Sizes, password: str) -> None:
    """Print the accounts to log in with."""
    click.echo(
        f"{sizes.users:,} users, {sizes.posts:,} posts, {sizes.comments:,} comments and "
        f"{sizes.follows:,} follows are on {base_url}\n"
        f"Log in as {CAST[MEMBER].email} with the password {password}\n"
        f"The administrator is {CAST[FOUNDER].email}, with the same password"
    )
