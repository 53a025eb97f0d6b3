"""`blog serve`."""

import asyncio
import logging
import multiprocessing
import signal
import socket
from contextlib import AbstractContextManager, nullcontext

import click
from hypercorn.config import Config
from hypercorn.run import run

from blog.cli.deploy import migrate
from blog.kit import migrations
from blog.kit.database import Database, DatabaseUnavailableError
from blog.kit.embedded import EmbeddedPostgres, EmbeddedPostgresError
from settings import Settings, load_settings

# How long a request that is under way may take when the server is told to stop.
DRAIN_SECONDS = 30.0
DRAIN_SECONDS_IN_DEVELOPMENT = 3.0


@click.command()
def serve() -> None:
    """Serve the site under hypercorn until Ctrl-C or SIGTERM.

    In development the schema is brought up to date first.
    """
    settings = load_settings()
    # Until hypercorn takes the signals over, SIGTERM ends this as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _refuse_taken_port(settings)
        with _database_held(settings):
            asyncio.run(_prepare(settings))
            _announce(settings)
            code = run(_hypercorn_config(settings))
            for worker in multiprocessing.active_children():
                worker.join()
    except (DatabaseUnavailableError, EmbeddedPostgresError) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        code = 0
    raise SystemExit(code)


def _refuse_taken_port(settings: Settings) -> None:
    """hypercorn would share the port with another server that also has several workers."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise click.ClickException(
            f"cannot listen on {where}: {error.strerror}; choose another place with HOST and PORT"
        ) from None


def _database_held(settings: Settings) -> AbstractContextManager[object]:
    """Keep an embedded server running while workers come and go."""
    if settings.database_url:
        return nullcontext()
    return EmbeddedPostgres(settings.var_dir / "postgres")


async def _prepare(settings: Settings) -> None:
    """Check the database before any worker starts, and in development migrate it."""
    database = Database(settings.database_url, settings.var_dir / "postgres")
    await database.open()
    try:
        if not settings.is_production:
            await migrate(database)
        async with database.engine.connect() as connection:
            if not await connection.run_sync(migrations.is_current):
                raise DatabaseUnavailableError("the schema is not up to date: run blog deploy")
    finally:
        await database.close()


def _announce(settings: Settings) -> None:
    """Tell the person at the terminal what he needs to know."""
    if settings.mail_server:
        mail = f"goes to {settings.mail_server}:{settings.mail_port}"
    elif settings.is_development:
        mail = f"appears here and on {settings.base_url}/dev/mailbox"
    else:
        mail = "waits in the outbox until MAIL_SERVER is set"
    if settings.admin_email:
        administrator = f"whoever registers as {' or '.join(settings.admin_email)}"
    else:
        administrator = "register, then: blog user promote USERNAME"
    lines = {
        "Address": click.style(settings.base_url, bold=True),
        "Mail": mail,
        "Administrator": administrator,
        "Database": "external" if settings.database_url else f"embedded, in {settings.var_dir}",
        "Stop": "Ctrl-C",
    }
    click.secho(f"\n  {settings.site_name}", fg="green", bold=True)
    for name, text in lines.items():
        click.echo(f"  {click.style(f'{name:14}', dim=True)} {text}")
    click.echo()


def _hypercorn_config(settings: Settings) -> Config:
    config = Config()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    config.application_path = "asgi:app"
    config.bind = [f"{host}:{settings.port}"]
    config.workers = settings.web_concurrency
    config.worker_class = "uvloop"
    config.graceful_timeout = (
        DRAIN_SECONDS_IN_DEVELOPMENT if settings.is_development else DRAIN_SECONDS
    )
    config.include_server_header = False
    # Its "Running on …" would come once a worker; what is worth a line comes through.
    config.errorlog = logging.getLogger("hypercorn.error")
    config.loglevel = "WARNING"
    return config
