"""A worker in a process of its own that stops when it has stored the first variant of an image."""

import asyncio
import multiprocessing
import os
from typing import Any

from blog import create_app
from blog.core.jobs.background import Background
from blog.core.jobs.worker import JobWorker
from blog.media.jobs import PROCESS_MEDIA
from settings import load_settings

LEASE_SECONDS = 1.5


async def work() -> None:
    """Run jobs until the first variant is stored, and wait."""
    app = create_app(load_settings())
    await app.database.open()
    put = app.storage.put

    async def put_once(*arguments: Any) -> None:
        await put(*arguments)
        await asyncio.Event().wait()

    app.storage.put = put_once  # type: ignore[method-assign,assignment]
    worker = JobWorker(app, app.database, [PROCESS_MEDIA], app.report_error, LEASE_SECONDS)
    await Background(app.database, [worker]).start()
    await asyncio.Event().wait()


def run_worker(environment: dict[str, str]) -> None:
    """What the process does."""
    os.environ.update(environment)
    asyncio.run(work())


processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])
