"""Commands on the site of the run, or on databases of their own."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from blog.core.web.app import Broadside
from tests.servers import run

Command = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def blog(app: Broadside, tmp_path: Path, database_url: str) -> Command:
    """Run `blog` on the tests' site: `code, output = await blog("user", "promote", "susan")`."""

    async def command(*words: str, **options: object) -> tuple[int, str]:
        settings = {"database_url": database_url, "base_url": app.settings.base_url} | options
        return await run(tmp_path, "blog", *words, **settings)

    return command
