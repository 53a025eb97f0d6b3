"""What a service manager such as systemd is told (sd_notify(3))."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers import serving, workers_of

WATCHDOG_SECONDS = 1.0


class Manager:
    """The service manager's end of the socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    async def next(self, seconds: float = 60) -> str:
        """The next state that it is told.

        Raises:
            TimeoutError: it is told nothing for so long.
        """
        receiving = asyncio.get_running_loop().sock_recv(self._socket, 1000)
        return (await asyncio.wait_for(receiving, seconds)).decode()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[Manager]:
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.close()


@pytest.fixture
def told(manager: Manager, database_url: str) -> dict[str, object]:
    """The settings of a site that has this service manager."""
    return {
        "notify_socket": manager.path,
        "watchdog_usec": int(WATCHDOG_SECONDS * 1e6),
        "database_url": database_url,
        "background_worker": "external",
    }


async def stops(manager: Manager) -> bool:
    """Whether the next news is that it stops, after what was on its way."""
    while (state := await manager.next()) == "WATCHDOG=1":
        pass
    return state == "STOPPING=1"


async def test_a_site_is_ready_when_it_answers_and_alive_while_it_does(
    tmp_path: Path, manager: Manager, told: dict[str, object]
) -> None:
    async with serving(tmp_path, wait=False, **told) as server:
        assert await manager.next() == "READY=1"
        assert await server.is_answered()
        assert await manager.next() == "WATCHDOG=1"

        (worker,) = workers_of(server)
        worker.suspend()
        with pytest.raises(TimeoutError):
            # Something may be on its way.
            for _ in range(3):
                await manager.next(2 * WATCHDOG_SECONDS)
        worker.resume()
        assert await manager.next() == "WATCHDOG=1"

        await server.stop()
        assert await stops(manager)


async def test_a_worker_is_ready_and_alive_while_its_event_loop_runs(
    tmp_path: Path, manager: Manager, told: dict[str, object]
) -> None:
    async with serving(tmp_path, "blog", "worker", wait=False, **told) as worker:
        assert await manager.next() == "READY=1"
        assert await manager.next() == "WATCHDOG=1"
        await worker.stop()
        assert await stops(manager)


async def test_a_service_manager_that_is_gone_is_no_error(
    tmp_path: Path, manager: Manager, told: dict[str, object]
) -> None:
    manager.path.unlink()
    async with serving(tmp_path, **told) as server:
        assert await server.stop() == 0
    assert "Traceback" not in server.output
