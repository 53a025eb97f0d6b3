"""The start of the real processes: interrupted at any moment, without standard streams, on `::`."""

import asyncio
import re
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.servers import (
    BLOG_SERVE,
    PROGRAMS,
    Program,
    free_port,
    serving,
    settings_of,
    stop_embedded,
    until,
    workers_of,
)
from tests.template import copy_data

FORM = {
    "email": "anna@example.com",
    "username": "anna",
    "password": "correct horse 5",
    "password2": "correct horse 5",
}


def postgres_in(var_dir: Path) -> list[psutil.Process]:
    """The processes of an embedded server, or of what makes its folder."""
    return [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["name"] in {"postgres", "initdb", "pg_ctl"}
        and str(process.info["cwd"]).startswith(f"{var_dir}/")
    ]


async def waits_for_input(program: Program) -> bool:
    """Whether it reads its standard input (proc(5); the numbers of read(2) are 0 and 63)."""
    call = Path(f"/proc/{program.pid}/syscall").read_text().split()
    return call[:2] in (["0", "0x0"], ["63", "0x0"])


async def what_is_left_of_postgres(var_dir: Path) -> list[psutil.Process]:
    """The processes that do not end by themselves: a server that was stopped takes a moment."""

    async def has_ended() -> bool:
        return not postgres_in(var_dir)

    with suppress(TimeoutError):
        await until(has_ended, seconds=30)
    return postgres_in(var_dir)


def has_loaded(module: str) -> Callable[[Program, Path], bool]:
    def check(program: Program, var_dir: Path) -> bool:
        return module in Path(f"/proc/{program.pid}/maps").read_text()

    return check


MOMENTS: dict[str, Callable[[Program, Path], bool]] = {
    "while it loads libraries": has_loaded("asyncpg"),
    "while the data folder is made": lambda program, var_dir: any(var_dir.glob("postgres.new-*")),
    "while PostgreSQL starts": lambda program, var_dir: any(var_dir.glob("*/postmaster.pid")),
    "before the workers": lambda program, var_dir: "Address" in program.output,
    # What is forked before, for PostgreSQL, looks like a worker for a moment.
    "while the workers load": lambda program, var_dir: (
        "Address" in program.output and bool(workers_of(program))
    ),
}  # fmt: skip
# Moments after the migrations, which need not be waited for.
WITH_DATA = {"before the workers", "while the workers load"}


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        *((signal.SIGINT, moment) for moment in MOMENTS),
        (signal.SIGQUIT, "while PostgreSQL starts"),
        (signal.SIGQUIT, "while the workers load"),
        (signal.SIGTERM, "while the data folder is made"),
        (signal.SIGHUP, "while PostgreSQL starts"),
    ],
)
async def test_a_start_that_is_interrupted_leaves_no_traceback_and_no_server(
    number: signal.Signals, moment: str, tmp_path: Path
) -> None:
    if moment in WITH_DATA:
        await asyncio.to_thread(copy_data, tmp_path)
    environment = settings_of(tmp_path, port=free_port())
    program = await Program.start(*BLOG_SERVE, environment=environment)
    try:

        async def it_is_time() -> bool:
            assert program.is_running, program.output
            return MOMENTS[moment](program, tmp_path)

        await until(it_is_time, seconds=60)
        # As the keys of a terminal do it.
        program.send(number, group=number in {signal.SIGINT, signal.SIGQUIT})
        code = await program.ended(60)
    finally:
        await program.kill()
        left = await what_is_left_of_postgres(tmp_path)
        await asyncio.to_thread(stop_embedded, tmp_path)
    # While it loads there is nothing to clean up yet, and signals do what they do.
    assert code in ({130, -number} if moment == next(iter(MOMENTS)) else {0})
    assert "Traceback" not in program.output
    assert left == []


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("serve", signal.SIGQUIT),
        ("worker", signal.SIGQUIT),
        ("worker", signal.SIGHUP),
        ("shell", signal.SIGHUP),
        ("shell", signal.SIGTERM),
    ],
)
async def test_the_database_ends_with_its_last_process(
    command: str, number: signal.Signals, tmp_path: Path
) -> None:
    environment = settings_of(tmp_path, port=free_port(), background_worker="external")
    await asyncio.to_thread(copy_data, tmp_path)
    # The shell waits for what is typed.
    program = await Program.start("blog", command, environment=environment, open_input=True)
    try:
        if command == "shell":  # It prints nothing.
            await until(lambda: waits_for_input(program))
        else:
            await program.printed("Ctrl-C")
        program.send(number, group=command != "worker")
        await program.ended(60)
    finally:
        await program.kill()
        left = await what_is_left_of_postgres(tmp_path)
        await asyncio.to_thread(stop_embedded, tmp_path)
    assert "Traceback" not in program.output
    assert left == []


async def test_the_command_that_the_banner_names_runs_where_blog_is_not_on_the_path(
    tmp_path: Path,
) -> None:
    await asyncio.to_thread(copy_data, tmp_path)
    async with serving(tmp_path, wait=False, path="/usr/bin:/bin") as server:
        await server.printed("Ctrl-C")
        named = re.search(r"sign up, then: (.+) user promote USERNAME\n", server.output)
        assert named, server.output
        promotion = await Program.start(
            "/bin/sh", "-c", f"{named[1]} user promote nobody",
            environment=settings_of(tmp_path, path="/usr/bin:/bin"),
        )  # fmt: skip
        assert await promotion.ended(60) == 1
        assert promotion.output == "Error: there's no user nobody\n"


@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", ">&-", ">/dev/full 2>/dev/full"])
async def test_closed_streams_end_nothing_and_mail_is_sent(closed: str, tmp_path: Path) -> None:
    await asyncio.to_thread(copy_data, tmp_path)
    shell = f"exec {PROGRAMS}/blog serve {closed}"
    async with (
        serving(tmp_path, "/bin/sh", "-c", shell) as server,
        httpx.AsyncClient(timeout=60, base_url=server.url) as client,
    ):
        page = await client.get("/auth/register")
        token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        answer = await client.post("/auth/register", data=FORM | {"csrf_token": token})
        assert answer.status_code == 302, answer.text

        async def it_is_there() -> bool:
            return "anna@example.com" in (await client.get("/dev/mailbox")).text

        await until(it_is_there)
        deferred = await Program.quickly_start(
            "blog", "mail", "list", environment=settings_of(tmp_path)
        )
        assert await deferred.ended(60) == 0
        assert deferred.output == "", "nothing waits to be sent again"
        assert await server.stop() == 0


@pytest.mark.parametrize(("host", "places"), [("::", 2), ("0.0.0.0", 1), ("::1", 1)])
async def test_all_interfaces_are_those_of_both_families(
    host: str, places: int, tmp_path: Path, site_url: str
) -> None:
    async with serving(
        tmp_path, host=host, database_url=site_url, background_worker="external", wait=False
    ) as server:
        await server.printed("Address")
        found = []
        for address in ("127.0.0.1", "::1"):
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
                if probe.connect_ex((address, server.port)) == 0:
                    found.append(address)
        assert len(found) == places
        async with httpx.AsyncClient(timeout=60) as client:
            for address in found:
                name = f"[{address}]" if ":" in address else address
                # Open to this machine alone, which is told by the client's address.
                answer = await client.get(f"http://{name}:{server.port}/metrics")
                assert answer.status_code == 200
