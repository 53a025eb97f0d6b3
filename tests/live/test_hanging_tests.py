"""A test that hangs, or that ends its process, fails alone: the run goes on to its end."""

from pathlib import Path

from tests.servers import PROJECT, run

FILES = {
    "conftest.py": "from tests.scheduling import pytest_xdist_make_scheduler",
    "test_hanging.py": """
import asyncio
import pytest

async def test_before(): pass

@pytest.mark.timeout(0.1)
async def test_it_hangs(): await asyncio.Event().wait()

async def test_after(): pass
""",
    "test_dying.py": """
import os

def test_before(): pass

def test_it_dies(): os._exit(1)

def test_after(): pass
""",
    **{f"test_other{number}.py": "def test_it(): pass" for number in range(5)},
}


async def test_a_run_goes_on_after_tests_that_hang_and_processes_that_die(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    code, output = await run(
        tmp_path, "pytest", "--numprocesses=2", "--dist=loadfile", "--no-loadscope-reorder",
        f"--config-file={PROJECT / 'pyproject.toml'}", f"--rootdir={tmp_path}", str(tmp_path),
        "-p", "no:cacheprovider", seconds=120, pythonpath=PROJECT, pytest_addopts="",
        # pytest makes the folder private in which it makes all others, and so shuts out PostgreSQL.
        pytest_debug_temproot=tmp_path,
    )  # fmt: skip
    assert code == 1
    assert "FAILED test_hanging.py::test_it_hangs - Failed: Timeout" in output
    assert "FAILED test_dying.py::test_it_dies - worker" in output
    assert "2 failed, 9 passed" in output, output
