"""`blog serve`."""

import asyncio
import logging
import shlex
import shutil
import socket
import ssl
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from blog.cli.deploy import migrate
from blog.cli.service_manager import notify_service_manager
from blog.cli.workers import run_workers
from blog.core.console import say
from blog.core.db import migrations
from blog.core.db.database import Database
from blog.core.db.database_errors import DatabaseUnavailableError, is_unavailable
from blog.core.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from blog.core.db.migrations import SchemaError
from blog.core.metrics import shared_by_workers
from blog.core.text.counting import counted
from blog.core.web.process import configure_logging
from settings import Settings, load_settings


@click.command()
def serve() -> None:
    """Serve the site under hypercorn until Ctrl-C or SIGTERM.

    In development, pending migrations are run first.
    """
    settings = load_settings()
    configure_logging(settings)
    _check_certificate(settings)
    try:
        with _listen(settings) as listener, _hold_database(settings), shared_by_workers():
            migrated = asyncio.run(_prepare(settings))
            _announce(settings, migrated)
            with notify_service_manager(settings):
                asked_to_stop = run_workers(settings, listener)
    except (DatabaseUnavailableError, EmbeddedPostgresError, SchemaError) as error:
        raise click.ClickException(str(error)) from None
    except DBAPIError as error:
        # A pooler accepts connections while the server behind it is unavailable.
        if not is_unavailable(error):
            raise
        raise click.ClickException("the connection to the database was lost") from None
    except KeyboardInterrupt:
        return
    if not asked_to_stop:
        raise click.ClickException("a web process exited unexpectedly, so all of them were stopped")


def _check_certificate(settings: Settings) -> None:
    """Check the certificate now; otherwise each worker would fail with a traceback."""
    if settings.tls_certificate is None or settings.tls_key is None:
        return
    try:
        for file in (settings.tls_certificate, settings.tls_key):
            file.open("rb").close()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        # Without a password, OpenSSL would prompt for one.
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password="")
    except ssl.SSLError as error:
        raise click.ClickException(
            f"{settings.tls_certificate} and {settings.tls_key} must be a PEM certificate "
            f"and its key, without a password: {error.reason or error}"
        ) from None
    except OSError as error:
        raise click.ClickException(f"cannot read {error.filename}: {error.strerror}") from None


def _listen(settings: Settings) -> socket.socket:
    """Listen on the port. From then on, the kernel queues connections for the workers."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The wildcard address listens on both IPv6 and IPv4, if the system supports it.
    both = settings.host == "::" and socket.has_dualstack_ipv6()
    try:
        return socket.create_server(
            (settings.host, settings.port), family=family, dualstack_ipv6=both
        )
    except OSError as error:
        # Python appends the address a second time.
        reason = str(error.strerror).partition(" (while")[0].lower()
        raise click.ClickException(
            f"cannot listen on {settings.host}:{settings.port}: {reason}; "
            "choose another address with HOST and PORT"
        ) from None


def _hold_database(settings: Settings) -> AbstractContextManager[object]:
    """Keep an embedded server running independently of the workers."""
    if settings.database_url:
        return nullcontext()
    return EmbeddedPostgres(settings.var_dir / "postgres")


async def _prepare(settings: Settings) -> int:
    """Check the database before the workers start; migrate it in development.

    Returns:
        How many migrations were run.
    """
    migrated = 0
    # The banner shows the number of migrations.
    logging.getLogger(migrations.__name__).setLevel(logging.WARNING)
    database = Database(
        settings.database_url,
        settings.var_dir / "postgres",
        direct_url=settings.database_direct_url,
    )
    await database.open()
    try:
        if not settings.is_production:
            migrated = await migrate(database)
        async with database.engine.connect() as connection:
            await connection.run_sync(migrations.require_current)
    finally:
        await database.close()
    return migrated


def _own_command() -> str:
    """The command that runs this program again in the user's shell."""
    started = sys.argv[0]
    if started.endswith("__main__.py"):
        return f"{shlex.quote(sys.executable)} -m blog"
    found = shutil.which("blog")
    is_on_path = found is not None and Path(found).resolve() == Path(started).resolve()
    return "blog" if is_on_path else shlex.quote(started)


def _announce(settings: Settings, migrated: int) -> None:
    """Print the URL of the site and how to use it."""
    if settings.mail_server:
        mail = f"goes to {settings.mail_server}:{settings.mail_port}"
    elif settings.is_development:
        mail = f"appears here and on {settings.base_url}/dev/mailbox"
    else:
        mail = "stays in the outbox until MAIL_SERVER is set"
    if settings.admin_email:
        administrator = f"sign up as {' or '.join(settings.admin_email)}"
    else:
        administrator = f"sign up, then: {_own_command()} user promote USERNAME"
    database = "external" if settings.database_url else f"embedded, in {settings.var_dir}"
    if migrated:
        database += f", ready after {counted(migrated, 'migration')}"
    lines = {
        "Address": click.style(settings.base_url, bold=True),
        "Mail": mail,
        "Administrator": administrator,
        "Database": database,
        "Stop": "Ctrl-C",
    }
    say(click.style(f"\n  {settings.site_name}", fg="green", bold=True))
    for name, text in lines.items():
        say(f"  {click.style(f'{name:14}', dim=True)} {text}")
    say()
