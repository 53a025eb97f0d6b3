"""What a newcomer reads in the terminal: `make run` in a new clone, once the packages are there."""

import re
import shutil
import sys
from pathlib import Path

import httpx

from tests.live.test_starting import FORM
from tests.servers import PROJECT, serving

MAKE = (
    shutil.which("make") or "make", "--no-print-directory", "--directory", str(PROJECT),
    f"VENV={sys.prefix}", "--old-file", f"{sys.prefix}/run.stamp", "run",
)  # fmt: skip
# All migrations run first.
PATIENCE_SECONDS = 240
FILES = re.compile(r'(?:href|src)="(/(?:static|avatar)/[^"]+)"')
# The time and the id of a request, and of its end the status and what it took.
BEFORE_MESSAGE = re.compile(r"\d\d:\d\d:\d\d INFO    [0-9a-f]{8} (?:\d{3} .+ ms: )?")
RULE = "─" * 72


async def test_a_first_start_prints_a_banner_and_then_only_pages_and_mail(tmp_path: Path) -> None:
    (own_settings := tmp_path / ".env").touch()
    async with serving(tmp_path, *MAKE, wait=False, env_file=own_settings) as server:
        await server.printed("Ctrl-C", PATIENCE_SECONDS)
        await server.answers(PATIENCE_SECONDS)
        async with httpx.AsyncClient(timeout=60, base_url=server.url) as client:
            page = await client.get("/auth/register")
            token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
            await client.post("/auth/register", data=FORM | {"csrf_token": token})
            await server.printed(f"{server.url}\n{RULE}\n", PATIENCE_SECONDS)
            files = set(FILES.findall((await client.get("/")).text))
            files |= set(FILES.findall((await client.get("/user/anna")).text))
            for address in files:
                assert (await client.get(address)).status_code == 200, address
        assert {address.split("/")[1] for address in files} == {"static", "avatar"}
        await server.printed("GET /user/", PATIENCE_SECONDS)
        # A busy machine may have slow queries to tell of.
        lines = [line for line in server.output.splitlines() if "slow query" not in line]

    migrations = len(list((PROJECT / "alembic" / "versions").glob("*.py")))
    assert [re.sub(r"then: \S+", "then: blog", line) for line in lines[:8]] == [
        "",
        "  Broadside",
        f"  Address        {server.url}",
        f"  Mail           appears here and on {server.url}/dev/mailbox",
        "  Administrator  sign up, then: blog user promote USERNAME",
        f"  Database       embedded, in {tmp_path}, ready after {migrations} migrations",
        "  Stop           Ctrl-C",
        "",
    ]
    start, end = (place for place, line in enumerate(lines) if line == RULE)
    assert lines[start + 1 : start + 3] == [
        f"  To: {FORM['email']}",
        "  Subject: [Broadside] Confirm your email address",
    ]
    rest = filter(None, lines[8:start] + lines[end + 1 :])
    assert [BEFORE_MESSAGE.sub("", line) for line in rest] == [
        "GET /auth/register",
        "account 1 registered",
        "account 1 logged in",
        "POST /auth/register",
        "GET /",
        "GET /user/<username>",
    ]
