"""Workers in processes of their own that stop in the middle of a job, and are killed there."""

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterable, Awaitable, Callable
from contextlib import suppress

from blog import create_app
from blog.background_jobs import JOBS
from blog.core.jobs.background import Background
from blog.core.jobs.listener import Listener
from blog.core.jobs.worker import JobWorker
from blog.core.web.app import Broadside
from settings import StorageKind, load_settings
from tests.servers import until

LEASE_SECONDS = 1.5


async def work(name: str, stores: bool) -> None:
    """Run jobs of a kind until the first object is stored, or would be, and wait."""
    app = create_app(load_settings())
    await app.database.open()
    put = app.storage.put

    async def put_once(key: str, content: AsyncIterable[bytes]) -> None:
        if stores:
            await put(key, content)
        else:
            with suppress(StopAsyncIteration):
                await anext(aiter(content))
        await asyncio.Event().wait()

    app.storage.put = put_once  # type: ignore[method-assign,assignment]
    kinds = [kind for kind in JOBS if kind.name == name]
    worker = JobWorker(app, app.database, kinds, app.report_error, LEASE_SECONDS)
    await Background(Listener(app.database), [worker]).start()
    await asyncio.Event().wait()


def run_worker(environment: dict[str, str], name: str, stores: bool) -> None:
    """What the process does."""
    os.environ.update(environment)
    asyncio.run(work(name, stores))


async def kill_worker(
    app: Broadside, name: str, when: Callable[[], Awaitable[bool]], *, stores: bool = True
) -> None:
    """Let a worker begin a job, and kill it in the middle.

    Args:
        app: has the job.
        name: the kind of the job.
        when: whether it has come far enough.
        stores: whether its first object is stored.
    """
    settings = app.settings
    environment = {
        "ENV": "testing", "DATABASE_URL": str(settings.database_url),
        "VAR_DIR": str(settings.var_dir), "BASE_URL": settings.base_url,
        "SECRET_KEY": settings.signing_key(),
    }  # fmt: skip
    if settings.storage is StorageKind.S3 and settings.storage_secret_key:
        environment |= {
            "STORAGE": "s3", "STORAGE_BUCKET": str(settings.storage_bucket),
            "STORAGE_ENDPOINT": str(settings.storage_endpoint),
            "STORAGE_REGION": settings.storage_region,
            "STORAGE_ACCESS_KEY": str(settings.storage_access_key),
            "STORAGE_SECRET_KEY": settings.storage_secret_key.get_secret_value(),
        }  # fmt: skip
    worker = processes.Process(target=run_worker, args=[environment, name, stores])
    worker.start()
    try:
        await until(when, seconds=60)
    finally:
        worker.kill()
        await asyncio.to_thread(worker.join)


processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])
