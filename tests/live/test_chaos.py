"""Nothing that was accepted is lost when processes are killed; `benchmarks/chaos.py` is the long
version."""

from pathlib import Path

from tests.live.chaos import VICTIMS, run_chaos


async def test_nothing_promised_is_lost_when_processes_are_killed_under_load(
    tmp_path: Path,
) -> None:
    figures = await run_chaos(tmp_path, rounds=len(VICTIMS))
    assert figures.promises.posts
    assert figures.promises.comments
    assert figures.promises.people
    assert figures.lost == []
    assert figures.doubled == []
    assert figures.notices == []
    assert figures.unheard == []
    assert figures.strangers == []
    assert figures.promises.failures == [], figures.log
    assert figures.bad_pages == []
    assert figures.wrong_counts == {}
