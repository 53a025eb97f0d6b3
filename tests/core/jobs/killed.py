"""A worker in a process of its own, which can be killed at any moment.

Its jobs leave traces: a line in a file, which may come twice, and a row that is written in the
transaction in which the job is done.
"""

import asyncio
import multiprocessing
import os
from pathlib import Path

from sqlalchemy import text

from blog import create_app
from blog.core.jobs.background import Background
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.listener import Listener
from blog.core.jobs.running import RunningJob
from blog.core.jobs.worker import JobWorker
from settings import load_settings

LEASE_SECONDS = 1.5
WRITE = text("INSERT INTO done_once VALUES (:number)")


def leaving_traces(file: Path) -> JobKind:
    """Jobs that append their number to a file, and then to the table `done_once`."""

    async def run(job: RunningJob) -> None:
        number = job.payload["number"]
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{number}\n".encode())
        os.close(descriptor)
        await asyncio.sleep(0.005)
        async with job.finishing() as session:
            await session.execute(WRITE, {"number": number})

    return JobKind("leave_traces", run, at_once=8)


async def work(file: Path) -> None:
    """Run jobs for ever."""
    app = create_app(load_settings())
    await app.database.open()
    worker = JobWorker(app, app.database, [leaving_traces(file)], app.report_error, LEASE_SECONDS)
    await Background(Listener(app.database), [worker]).start()
    await asyncio.Event().wait()


def run_worker(environment: dict[str, str], file: Path) -> None:
    """What the process does."""
    os.environ.clear()
    os.environ.update(environment)
    asyncio.run(work(file))


# A new process is a copy of one that has imported everything, so that it works at once.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])
