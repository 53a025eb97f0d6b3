"""The commands of the book (Flask Web Development, 14), by HTTPie itself at a terminal."""

import asyncio
import json
import os
import pty
import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from blog.models import User
from tests.servers import PROGRAMS, Server, serving
from tests.support import PASSWORD

pytestmark = pytest.mark.live

SITE = "http://127.0.0.1:5000"
PERSON = f"'susan@example.com:{PASSWORD}'"


class Shown(NamedTuple):
    """What HTTPie shows of an answer."""

    status: str
    headers: dict[str, str]
    body: dict[str, Any]


@pytest.fixture(scope="module")
async def server(
    running_app: object, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """`blog serve`, on the tests' site."""
    var_dir = tmp_path_factory.mktemp("httpie")
    # HTTPie would ask its maker for news.
    (var_dir / "config.json").write_text('{"disable_update_warnings": true}')
    async with serving(var_dir, database_url=database_url) as running:
        yield running
    assert "ERROR" not in running.output


@pytest.fixture
def folder(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where HTTPie finds its configuration."""
    return tmp_path_factory.getbasetemp() / "httpie0"


async def typed(command: str, server: Server, folder: Path) -> Shown:
    """Type a command at a terminal, but with the port that the test's server has."""
    words = shlex.split(command.replace(SITE, server.url))
    master, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        PROGRAMS / words[0], *words[1:], env={"HTTPIE_CONFIG_DIR": str(folder), "TERM": "dumb"},
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    output = await asyncio.to_thread(_read, master)
    assert await process.wait() == 0, output
    text = re.sub(r"\x1b\[[0-9;]*m", "", output).replace("\r\n", "\n").strip()
    head, _, body = text.partition("\n{")
    status, *lines = head.split("\n")
    headers = dict(line.split(": ", 1) for line in lines if line.strip())
    return Shown(status, headers, json.loads("{" + body))


def _read(master: int) -> str:
    """All that is shown on a terminal, until nobody has it open any more."""
    shown = b""
    try:
        while part := os.read(master, 65536):
            shown += part
    except OSError:  # So Linux ends it.
        pass
    finally:
        os.close(master)
    return shown.decode()


async def test_the_commands_of_the_book_do_what_the_book_shows(
    susan: User, server: Server, folder: Path
) -> None:
    shown = await typed(f"http --json --auth {PERSON} GET {SITE}/api/v1.0/posts/", server, folder)
    assert shown.status == "HTTP/1.1 200 "
    assert shown.headers["content-type"] == "application/json"
    assert shown.body == {"posts": [], "prev": None, "next": None, "count": 0}

    command = (
        f"http --auth {PERSON} --json POST {SITE}/api/v1/posts/ "
        """"body=I'm adding a post from the *command line*." """
    )
    made = await typed(command, server, folder)
    assert made.status.startswith("HTTP/1.1 201")
    assert made.headers["location"] == made.body["url"] == f"{server.url}/api/v1/posts/1"
    assert made.body["body"] == "I'm adding a post from the *command line*."
    assert made.body["body_html"] == "<p>I'm adding a post from the <em>command line</em>.</p>"
    assert made.body["author_url"] == f"{server.url}/api/v1/users/{susan.id}"

    nobody = await typed(f"http --json --auth : GET {SITE}/api/v1.0/posts/", server, folder)
    assert nobody.status.startswith("HTTP/1.1 200")
    assert [post["url"] for post in nobody.body["posts"]] == [f"{server.url}/api/v1.0/posts/1"]

    issued = await typed(f"http --auth {PERSON} --json GET {SITE}/api/v1.0/token", server, folder)
    assert issued.status.startswith("HTTP/1.1 200")
    assert set(issued.body) == {"token", "expiration"}
    assert issued.body["expiration"] == 3600

    token = issued.body["token"]
    command = f"http --json --auth {token}: GET {SITE}/api/v1.0/posts/"
    by_token = await typed(command, server, folder)
    [post] = by_token.body["posts"]
    assert (post["liked"], post["bookmarked"]) == (False, False)
    seen_by_nobody = post | {"liked": None, "bookmarked": None}
    assert by_token.body | {"posts": [seen_by_nobody]} == nobody.body


async def test_a_post_needs_credentials(susan: User, server: Server, folder: Path) -> None:
    command = f"http --json --auth : POST {SITE}/api/v1.0/posts/ body=x"
    refused = await typed(command, server, folder)
    assert refused.status.startswith("HTTP/1.1 401")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.body["error"] == "unauthorized"
