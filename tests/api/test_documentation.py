"""Each example in docs/api.md does what is shown beside it."""

import asyncio
import json
import os
import re
import shlex
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from blog.core.clock import now
from tests.browser.sample_site import app_of, post_by
from tests.databases import create_database
from tests.servers import PROGRAMS, PROJECT, Server, serving
from tests.support import PASSWORD, add_user

DOCUMENTED = "http://127.0.0.1:5000"
REST = "…"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STARTS_WITH_HTTP = re.compile(r"HTTP/1\.1 (\d{3})")


class Answer(NamedTuple):
    """What a command prints: the status and the headers, if it prints these, and the body."""

    status: str
    headers: dict[str, str]
    body: Any


def examples() -> Iterator[tuple[str, Answer]]:
    """Each command in the document, with the answer that is shown."""
    text = (PROJECT / "docs/api.md").read_text()
    for block in BLOCK.findall(text):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = example.partition("\n")
            yield command, parsed(shown)


def parsed(printed: str) -> Answer:
    """An answer as HTTPie and curl print it."""
    printed = printed.replace("\r\n", "\n").strip()
    status, head, body = "", "", printed
    if found := STARTS_WITH_HTTP.match(printed):
        status = found[1]
        head, _, body = printed.partition("\n\n")
    fields = (line.partition(":") for line in head.splitlines()[1:])
    headers = {name.lower(): value.strip() for name, _, value in fields}
    return Answer(status, headers, json.loads(body) if body else None)


def agrees(shown: Any, real: Any) -> bool:
    """Whether a part of an answer is as shown, where `…` stands for anything."""
    if isinstance(shown, dict) and isinstance(real, dict):
        rest = set(real) - set(shown)
        named = [name for name in shown if name != REST]
        return (REST in shown or not rest) and all(
            name in real and agrees(shown[name], real[name]) for name in named
        )
    if isinstance(shown, list) and isinstance(real, list):
        return len(shown) == len(real) and all(map(agrees, shown, real))
    if isinstance(shown, str) and isinstance(real, str):
        if TIME.fullmatch(shown):
            return TIME.fullmatch(real) is not None
        return re.fullmatch(re.escape(shown).replace(REST, ".+"), real) is not None
    return type(shown) is type(real) and shown == real


def agree(shown: Answer, real: Answer) -> bool:
    """Whether an answer is as shown; it may have more headers."""
    return (
        shown.status in {"", real.status}
        and agrees(shown.headers | {REST: REST}, real.headers)
        and agrees(shown.body, real.body)
    )


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    """The site of the document: Susan, and David with a post."""
    url = await create_database(database_url, "documented")
    app = app_of(tmp_path, url)
    await app.database.open()
    await add_user(app, "susan")
    david = await add_user(app, "david")
    async with app.database.session() as session:
        session.add(post_by(david, 60, "The *first* post."))
        await session.commit()
    await app.database.close()
    settings = {"database_url": url, "background_worker": "external"}
    async with serving(tmp_path / "server", **settings) as server:
        yield server


@pytest.fixture
def httpie(tmp_path: Path) -> dict[str, str]:
    """The environment in which HTTPie prints into a pipe what it prints on a terminal."""
    options = ["--ignore-stdin", "--print=hb", "--pretty=none"]
    (tmp_path / "config.json").write_text(json.dumps({"default_options": options}))
    return dict(os.environ) | {"HTTPIE_CONFIG_DIR": str(tmp_path)}


async def run(command: str, environment: dict[str, str]) -> str:
    """What a command prints, once it has ended."""
    program, *arguments = shlex.split(command)
    path = shutil.which(program, path=f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")
    assert path, f"this test needs {program}"
    process = await asyncio.create_subprocess_exec(
        path, *arguments, env=environment, stdout=PIPE, stderr=PIPE
    )
    output, _ = await process.communicate()
    return output.decode()


@pytest.mark.live
async def test_every_example_is_answered_as_shown(server: Server, httpie: dict[str, str]) -> None:
    assert len(list(examples())) > 20
    values = {"PASSWORD": PASSWORD, "TOKEN": "", "ETAG": "", "NEXT_YEAR": str(now().year + 1)}
    for command, shown in examples():
        filled = command.replace(DOCUMENTED, server.url)
        for name, value in values.items():
            filled = re.sub(rf"\b{name}\b", lambda _, value=value: shlex.quote(value), filled)
        printed = await run(filled, httpie)
        real = parsed(printed.replace(server.url, DOCUMENTED))
        assert agree(shown, real), f"{command}\nshown: {shown}\nreal:  {real}\n{printed}"
        if isinstance(real.body, dict) and "token" in real.body:
            values["TOKEN"] = real.body["token"]
        values["ETAG"] = real.headers.get("etag", values["ETAG"])


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ({"id": 1, REST: REST}, {"id": 2, "url": "x"}),
        ({"id": 1}, {"id": 1, "url": "x"}),
        ({"missing": None, REST: REST}, {"id": 1}),
        ([{"id": 1}], []),
        ("bsd_…", "abc"),
        ("2026-11-24T09:30:00.250000Z", "yesterday"),
        (1, True),
    ],
)
def test_a_wrong_example_is_noticed(shown: Any, real: Any) -> None:
    assert not agrees(shown, real)
