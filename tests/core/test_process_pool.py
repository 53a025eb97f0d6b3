"""Processes that are given work, and are killed when it takes too long."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest

from blog.core.text.process_pool import (
    FunctionFailedError,
    OutOfTimeError,
    OverloadedError,
    ProcessPool,
)
from tests.core import work
from tests.servers import PROJECT, until


@asynccontextmanager
async def pool_of(
    size: int = 1, *, cpu_seconds: float = 10, wall_seconds: float = 30, longest_queue: int = 100
) -> AsyncIterator[ProcessPool]:
    """A pool for the work of the tests."""
    pool = ProcessPool(
        [work.__name__], size=size, cpu_seconds=cpu_seconds, wall_seconds=wall_seconds,
        longest_queue=longest_queue,
    )  # fmt: skip
    try:
        yield pool
    finally:
        await pool.close()


@pytest.fixture
async def pool() -> AsyncIterator[ProcessPool]:
    """A pool of one process."""
    async with pool_of() as pool:
        yield pool


async def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_the_same_process_does_one_thing_after_another(pool: ProcessPool) -> None:
    first, *others = [await pool.run(work.process_id) for _ in range(3)]
    assert others == [first, first]
    assert first != await asyncio.to_thread(work.process_id)


@pytest.mark.parametrize("text", ["", "a" * 3_000_000, "\0\n\u202e\U0001f600", "\ud800"])
async def test_any_text_comes_and_goes_whole(pool: ProcessPool, text: str) -> None:
    assert await pool.run(work.length_of, text) == len(text)
    assert await pool.run(work.doubled, text[:3]) == text[:3] * 2


async def test_an_endless_regular_expression_is_killed_and_the_pool_continues() -> None:
    async with pool_of(cpu_seconds=0.5) as pool:
        before = await pool.run(work.process_id)
        start = time.monotonic()
        with pytest.raises(OutOfTimeError):
            await pool.run(work.backtrack, 60)
        assert time.monotonic() - start < 20
        assert await is_gone(before)
        assert await pool.run(work.process_id) != before


async def test_the_limit_is_of_each_call_and_of_processor_time() -> None:
    async with pool_of(cpu_seconds=0.5) as pool:
        pid = await pool.run(work.process_id)
        await pool.run(work.wait, 1)
        for _ in range(8):
            await pool.run(work.backtrack, 20)
        assert await pool.run(work.process_id) == pid


async def test_a_process_that_hangs_is_killed_by_the_clock() -> None:
    async with pool_of(wall_seconds=1) as pool:
        pid = await pool.run(work.process_id)
        with pytest.raises(OverloadedError):
            await pool.run(work.stop)
        assert await is_gone(pid)


async def test_a_process_that_goes_away_is_replaced(pool: ProcessPool) -> None:
    with pytest.raises(OverloadedError):
        await pool.run(work.end, signal.SIGKILL)
    pid = await pool.run(work.process_id)
    psutil.Process(pid).kill()
    await until(lambda: is_gone(pid))
    # Where its end has not been noticed yet, one call fails.
    with suppress(OverloadedError):
        await pool.run(work.process_id)
    assert await pool.run(work.process_id) != pid


async def test_a_process_that_answers_nonsense_is_replaced(pool: ProcessPool) -> None:
    pid = await pool.run(work.process_id)
    with pytest.raises(OverloadedError):
        await pool.run(work.talk_nonsense)
    assert await pool.run(work.process_id) != pid


async def test_errors_come_back(pool: ProcessPool) -> None:
    with pytest.raises(work.UnsuitableError, match="not this"):
        await pool.run(work.refuse, "not this", raises=[work.UnsuitableError])
    with pytest.raises(FunctionFailedError, match="UnsuitableError: not this"):
        await pool.run(work.refuse, "not this")


async def test_a_second_process_is_started_when_the_first_is_busy() -> None:
    async with pool_of(2) as pool:
        waiting = asyncio.create_task(pool.run(work.wait, 20))
        assert await asyncio.wait_for(pool.run(work.length_of, "a"), 15) == 1
        assert not waiting.done()
        waiting.cancel()


async def test_the_queue_is_bounded() -> None:
    async with pool_of(longest_queue=3) as pool:
        await pool.run(work.length_of, "")
        calls = [asyncio.create_task(pool.run(work.wait, 0.2)) for _ in range(10)]
        results = await asyncio.gather(*calls, return_exceptions=True)
    refused = sum(isinstance(result, OverloadedError) for result in results)
    assert 6 <= refused <= 7


async def test_a_cancelled_caller_leaves_the_results_in_order(pool: ProcessPool) -> None:
    await pool.run(work.length_of, "")
    given_up = [asyncio.create_task(pool.run(work.wait, 0.3)) for _ in range(3)]
    await asyncio.sleep(0)
    for task in given_up:
        task.cancel()
    assert await pool.run(work.length_of, "abc") == 3


async def test_processes_end_with_the_pool() -> None:
    async with pool_of() as pool:
        pid = await pool.run(work.process_id)
        waiting = asyncio.create_task(pool.run(work.wait, 60))
    assert await is_gone(pid)
    with pytest.raises(asyncio.CancelledError):
        await waiting


PARENT = """
import asyncio
from blog.core.text.process_pool import ProcessPool
from tests.core import work

async def main():
    pool = ProcessPool(
        ["tests.core.work"], size=1, cpu_seconds=2, wall_seconds=30, longest_queue=1)
    print(await pool.run(work.process_id), flush=True)
    await pool.run(getattr(work, "WORK"), 60)

asyncio.run(main())
"""


@pytest.mark.parametrize("busy_with", ["wait", "backtrack"])
async def test_a_process_does_not_outlive_a_parent_that_is_killed(
    busy_with: str, tmp_path: Path
) -> None:
    program = PARENT.replace("WORK", busy_with).replace("60", "3" if busy_with == "wait" else "60")
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=PROJECT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    pid = int(await parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await until(lambda: is_gone(pid))
