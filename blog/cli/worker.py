"""`blog worker`."""

import asyncio
import signal
from contextlib import suppress

import click

from blog.cli.running import asynchronous, open_app
from blog.cli.service_manager import ServiceManager
from blog.core.console import say
from blog.core.db import migrations
from blog.core.jobs.heartbeats import Heart
from blog.core.telemetry import collecting
from blog.mail.delivery import build_delivery
from settings import Settings, load_settings


@click.command()
@asynchronous
async def worker() -> None:
    """Send mail and run background jobs until Ctrl-C or SIGTERM.

    Any number of workers may run, on any machines.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    settings = load_settings()
    stop_telemetry = collecting.start(settings, "worker")
    try:
        await _work(settings, stop)
    finally:
        await stop_telemetry()


async def _work(settings: Settings, stop: asyncio.Event) -> None:
    """Run until `stop` is set."""
    async with open_app(settings, pooled=True) as app:
        async with app.database.engine.connect() as connection:
            await connection.run_sync(migrations.require_current)
        await app.site_settings.start()
        heart = Heart(app.database, "worker", app.settings.signing_keys())
        await asyncio.gather(app.background.start(), heart.start())
        sends_mail = build_delivery(app.settings) is not None
        say(f"{'Sending' if sends_mail else 'Not sending'} mail until Ctrl-C.")
        manager = ServiceManager()
        manager.notify("READY=1")
        try:
            while not await _is_set(stop, manager.alive_seconds or None):
                manager.notify("WATCHDOG=1")
        finally:
            manager.notify("STOPPING=1")
            await asyncio.gather(app.background.stop(), heart.stop())
            await app.site_settings.stop()


async def _is_set(stop: asyncio.Event, seconds: float | None) -> bool:
    """Whether the event is set within this many seconds; without a limit, wait until it is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await stop.wait()
    return False
