"""The embedded PostgreSQL: shared, stopped by its last user, and found again after a crash."""

import signal
import stat
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread, main_thread

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from blog.core.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from blog.core.db.postgres_programs import run_program, system_user

pytestmark = pytest.mark.live

FAST = {"fsync": "off"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder; each test finds and leaves it without a server."""
    folder = tmp_path_factory.mktemp("embedded") / "postgres"
    with EmbeddedPostgres(folder, FAST):
        pass
    return folder


@pytest.fixture
def folder(data: Path) -> Iterator[Path]:
    """That folder; a server that a failing test has left is stopped."""
    assert running(data) is None
    yield data
    with EmbeddedPostgres(data):
        pass


@pytest.fixture
def other_process() -> Iterator[int]:
    """The number of a process of the server's user: only such keep PostgreSQL from starting."""
    user = system_user()
    with subprocess.Popen(["sleep", "60"], user=user.pw_uid if user else None) as process:
        yield process.pid
        process.kill()


def running(folder: Path) -> psutil.Process | None:
    """The server's first process, if there is one."""
    try:
        number = int((folder / "postmaster.pid").read_text().split("\n")[0])
        process = psutil.Process(number)
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None
    return process if process.status() != psutil.STATUS_ZOMBIE else None


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_data_folder_and_its_locks_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "postgres"
    old_lock = folder.with_name("postgres.lock")
    with EmbeddedPostgres(folder, FAST):
        assert mode(folder) == 0o700
        # A system user that runs the server for root passes through.
        assert mode(folder.parent) & ~stat.S_IXOTH == 0o700
        assert {mode(path) for path in folder.parent.glob("postgres.*")} == {0o600}
        old_lock.chmod(0o644)
    assert mode(old_lock) == 0o600


async def value(url: str, statement: str) -> object:
    """The first value that a statement returns."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        result = await connection.execute(text(statement))
        found = result.scalar() if result.returns_rows else None
    await engine.dispose()
    return found


def test_the_last_user_stops_the_server(folder: Path) -> None:
    first, second = EmbeddedPostgres(folder), EmbeddedPostgres(folder)
    assert first.start() == second.start()
    server = running(folder)
    first.stop()
    first.stop()
    assert running(folder) == server
    second.stop()
    assert running(folder) is None


def test_concurrent_users_do_not_disturb_each_other(folder: Path) -> None:
    def visit(_: int) -> bool:
        with EmbeddedPostgres(folder, FAST):
            return running(folder) is not None

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(visit, range(24)))
    assert running(folder) is None


async def test_data_is_found_again_after_a_crash(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        await value(server.start(), "CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS answer")
        postmaster = running(folder)
        assert postmaster
        family = postmaster.children()
        postmaster.kill()
        psutil.wait_procs(family, timeout=10)
    with EmbeddedPostgres(folder) as server:
        assert await value(server.start(), "TABLE kept") == 42


async def test_a_stale_pid_of_another_process_does_no_harm(
    folder: Path, other_process: int
) -> None:
    with EmbeddedPostgres(folder):
        lines = (folder / "postmaster.pid").read_text().splitlines()
    (folder / "postmaster.pid").write_text("\n".join([str(other_process), *lines[1:], ""]))
    with EmbeddedPostgres(folder) as server:
        assert await value(server.start(), "SELECT 1") == 1
    assert psutil.pid_exists(other_process)


@pytest.mark.parametrize("content", ["", "nonsense\n", "1"])
def test_a_broken_process_file_does_no_harm(content: str, folder: Path) -> None:
    (folder / "postmaster.pid").write_text(content)
    with EmbeddedPostgres(folder):
        assert running(folder)


async def test_a_server_whose_starter_was_killed_is_waited_for(folder: Path) -> None:
    options = "-c listen_addresses= -c unix_socket_directories=."
    run_program("pg_ctl", "start", "-W", "-l", "log", "-o", options, folder=folder)
    with EmbeddedPostgres(folder) as server:
        assert await value(server.start(), "SELECT 1") == 1
    assert running(folder) is None


def test_a_second_server_is_not_started_beside_one_in_another_container(folder: Path) -> None:
    with EmbeddedPostgres(folder):
        file = folder / "postmaster.pid"
        content = file.read_text()
        # As from another container, where processes are numbered anew.
        file.write_text("\n".join(["4194303", *content.splitlines()[1:], ""]))
        with pytest.raises(EmbeddedPostgresError, match="another server is using the data"):
            EmbeddedPostgres(folder).start()
        file.write_text(content)


def test_a_start_that_fails_says_why_in_one_line_and_holds_nothing(folder: Path) -> None:
    server = EmbeddedPostgres(folder, {"shared_buffers": "plenty"})
    with pytest.raises(EmbeddedPostgresError) as caught:
        server.start()
    assert 'invalid value for parameter "shared_buffers": "plenty"' in str(caught.value)
    assert "\n" not in str(caught.value)
    with EmbeddedPostgres(folder):
        assert running(folder)
    assert running(folder) is None


def test_a_start_that_is_interrupted_before_the_server_says_so_leaves_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def interrupted(*words: str, folder: Path) -> str:
        if "start" not in words:
            return run_program(*words, folder=folder)
        started.append(Thread(target=run_program, args=words, kwargs={"folder": folder}))
        started[0].start()
        # If it is not put off, nobody waits for pg_ctl.
        signal.pthread_kill(main_thread().ident or 0, signal.SIGINT)
        started[0].join()
        return ""

    monkeypatch.setattr("blog.core.db.embedded.run_program", interrupted)
    with pytest.raises(KeyboardInterrupt):
        EmbeddedPostgres(folder, FAST).start()
    started[0].join()
    assert running(folder) is None


def test_an_incomplete_data_folder_is_never_used(tmp_path: Path) -> None:
    left_over = tmp_path / "postgres.new-killed"
    left_over.mkdir()
    (left_over / "PG_VERSION").write_text("18\n")
    folder = tmp_path / "postgres"
    with EmbeddedPostgres(folder, FAST):
        assert running(folder)
    assert not left_over.exists()


@pytest.mark.parametrize(
    "name", ["100% 'of' \"all\" $HOME `id` \\ ; & ü", "comma,colon:", "x" * 150]
)
async def test_any_name_of_a_folder_will_do(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name / "postgres"
    with EmbeddedPostgres(folder, FAST) as server:
        found = await value(server.start(), "SELECT current_setting('data_directory')")
        assert found == str(folder)
    assert running(folder) is None


async def test_the_environment_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text_ in {"PGPORT": "7777", "PGDATA": "/nowhere", "LC_ALL": "xx_YY.UTF-8"}.items():
        monkeypatch.setenv(name, text_)
    with EmbeddedPostgres(tmp_path / "postgres", FAST) as server:
        url = server.start()
        assert await value(url, "SELECT lower('ÉMILE')") == "émile"


async def test_only_its_own_system_user_can_reach_it(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        assert await value(server.start(), "SHOW listen_addresses") == ""
        for path in (folder, folder / ".s.PGSQL.5432"):
            assert path.stat().st_mode & 0o077 == 0
