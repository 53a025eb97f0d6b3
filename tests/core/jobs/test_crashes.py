"""No job is lost when a worker is killed."""

import asyncio
import random
from collections import Counter
from contextlib import ExitStack
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from sqlalchemy import text

from blog.core.jobs.queue import enqueue
from blog.core.web.app import Broadside
from tests.core.jobs.killed import leaving_traces, processes, run_worker
from tests.jobs import stored_jobs
from tests.servers import settings_of, until

pytestmark = pytest.mark.live

JOBS, KILLS = 600, 20


async def test_no_job_is_lost_when_workers_are_killed(
    app: Broadside, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "traces"
    file.touch()
    kind = leaving_traces(file)
    environment = settings_of(tmp_path, env="testing", database_url=database_url)
    async with app.database.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE done_once (number integer)"))

    async def add(number: int, commit: bool) -> None:
        async with app.database.session() as session:
            await enqueue(session, kind, number=number)
            await (session.commit() if commit else session.rollback())

    def traces() -> list[int]:
        return [int(line) for line in file.read_text().split()]

    with ExitStack() as stack:

        def begin_work() -> ForkServerProcess:
            worker = processes.Process(target=run_worker, args=[environment, file])
            worker.start()
            stack.callback(worker.kill)
            return worker

        workers = [begin_work(), begin_work()]
        part = JOBS // (KILLS + 1)
        for kill in range(KILLS + 1):
            begun = len(traces())
            numbers = range(part * kill, part * (kill + 1))
            await asyncio.gather(
                *(add(number, True) for number in numbers), *(add(-1, False) for _ in range(5))
            )
            if kill == KILLS:
                break
            moment = begun + random.randrange(1, part)

            async def has_come(moment: int = moment) -> bool:
                return len(traces()) >= moment

            await until(has_come, seconds=60)
            workers[kill % 2].kill()
            workers[kill % 2] = begin_work()

        async def is_empty() -> bool:
            return not await stored_jobs(app)

        await until(is_empty, seconds=120)

    async with app.database.engine.begin() as connection:
        written = Counter(await connection.scalars(text("SELECT number FROM done_once")))
        await connection.execute(text("DROP TABLE done_once"))
    run = Counter(traces())
    twice = sum(number > 1 for number in run.values())
    print(f"{part * (KILLS + 1)} jobs, {KILLS} kills: {twice} ran more than once")  # noqa: T201
    expected = set(range(part * (KILLS + 1)))
    assert set(run) == expected, "each was run, and none that was rolled back"
    assert written == dict.fromkeys(expected, 1), "what is written in `finishing` is written once"
