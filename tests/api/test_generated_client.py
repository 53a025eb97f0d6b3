"""A client that openapi-python-client makes of the description walks the whole API, with types."""

import asyncio
import importlib
import os
import re
from asyncio.subprocess import PIPE, STDOUT
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from blog.core.web.app import Broadside
from blog.models import User
from tests.api.support import Client
from tests.conftest import RunningApp
from tests.servers import PROGRAMS, PROJECT
from tests.support import PASSWORD, add_user

pytestmark = pytest.mark.live

WALK = PROJECT / "tests/api/client_walk.py"


async def run(program: str, *arguments: str, **environment: str) -> None:
    """Run a program of this Python environment, which has nothing to complain about."""
    process = await asyncio.create_subprocess_exec(
        PROGRAMS / program, *arguments, env=os.environ | environment, stdout=PIPE, stderr=STDOUT
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()


class Generated(NamedTuple):
    """The package `broadside_client`, the folder it is in, and what it was made of."""

    folder: Path
    description: dict[str, Any]


@pytest.fixture(scope="module")
async def generated(
    running_app: RunningApp, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Generated]:
    """A client that was made without a complaint, and can be imported."""
    async with Client(running_app.app) as anonymous:
        answer = await anonymous.get("https://blog.test/api/openapi.json")
    folder = tmp_path_factory.mktemp("generated")
    file = folder / "openapi.json"
    file.write_bytes(answer.content)
    await run(
        "openapi-python-client", "generate", f"--path={file}", "--meta=none", "--fail-on-warning",
        f"--output-path={folder / 'broadside_client'}",
        PATH=f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield Generated(folder, answer.json())


async def test_the_types_of_the_client_are_those_that_the_walk_expects(
    generated: Generated,
) -> None:
    await run(
        "mypy", "--strict", "--no-incremental", "--follow-imports=silent",
        f"--config-file={os.devnull}", str(WALK), MYPYPATH=str(generated.folder),
    )  # fmt: skip


async def test_the_client_walks_the_whole_api(
    app: Broadside, susan: User, generated: Generated
) -> None:
    walk = importlib.import_module("tests.api.client_walk")
    await add_user(app, "the.moderator", role="Moderator")
    paths = generated.description["paths"]
    called: set[tuple[str, str]] = set()

    async def note(request: httpx.Request) -> None:
        path = request.url.path.removeprefix("/api/v1")
        for described in paths:
            if re.fullmatch(re.sub("{.*?}", "[^/]+", described), path):
                called.add((request.method.lower(), described))

    def client(token: str, prefix: str = "Bearer") -> Any:
        """A generated client that talks to the application over ASGI."""
        arguments = {
            "transport": httpx.ASGITransport(app=app, client=("127.0.0.1", 50000)),
            "event_hooks": {"request": [note]},
        }
        return walk.AuthenticatedClient(
            base_url="https://blog.test/api/v1", token=token, prefix=prefix, httpx_args=arguments,
            raise_on_unexpected_status=True,
        )  # fmt: skip

    def with_password(login: str) -> Any:
        return client(b64encode(f"{login}:{PASSWORD}".encode()).decode(), "Basic")

    await walk.walk(with_password("susan"), with_password("the.moderator"), client)
    assert called == {(method, path) for path, operations in paths.items() for method in operations}
