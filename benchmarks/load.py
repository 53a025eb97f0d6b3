"""Load generation with wrk."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
SCRIPT = Path(__file__).with_name("requests.lua")
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Round:
    """The figures of one run of wrk: times are in milliseconds."""

    requests: int
    per_second: float
    median: float
    p99: float


async def load(url: str, headers: Mapping[str, str], seconds: float) -> Round:
    """Request `url` repeatedly on several connections.

    Raises:
        AssertionError: something else than success was answered, or nothing.
    """
    options = [f"-H{name}: {value}" for name, value in headers.items()]
    return await _run_wrk(CONNECTIONS, seconds, *options, url)


async def load_with(requests: Path, url: str, connections: int, seconds: float) -> Round:
    """Send the requests of a file, as `requests.lua` reads it, over and over in its order.

    Raises:
        AssertionError: something else than success was answered, or nothing.
    """
    return await _run_wrk(connections, seconds, "-s", str(SCRIPT), url, "--", str(requests))


async def _run_wrk(connections: int, seconds: float, *arguments: str) -> Round:
    process = await asyncio.create_subprocess_exec(
        "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    text = (await process.communicate())[0].decode()
    assert process.returncode == 0, text
    assert "Non-2xx" not in text, text
    assert "Socket errors" not in text, text
    assert " 0 requests in" not in text, text
    return Round(
        int(_found(r"(\d+) requests in", text)[0]),
        float(_found(r"Requests/sec: +([\d.]+)", text)[0]),
        _milliseconds("50%", text),
        _milliseconds("99%", text),
    )


def _milliseconds(percentile: str, text: str) -> float:
    number, unit = _found(rf"{percentile} +([\d.]+)(us|ms|s) *\n", text)
    return float(number) * MILLISECONDS[unit]


def _found(pattern: str, text: str) -> tuple[str, ...]:
    found = re.search(pattern, text)
    assert found, text
    return found.groups()
