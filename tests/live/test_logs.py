"""The logs of real processes."""

import asyncio
import itertools
import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.databases import create_database
from tests.live.remote_browser import RemoteBrowser
from tests.mail.smtp import Inbox, receiving
from tests.servers import SECRET_KEY, START_SECONDS, Server, serving, until

METRICS_TOKEN = "the token of the machine that watches"
FIRST, WRONG, SECOND, THIRD = (
    "the first password", "the mistaken password", "the second password", "the third password",
)  # fmt: skip
BODY = "what nobody but the readers of this blog should read"
HYPERCORN_ALONE = """
import sys
from hypercorn.config import Config
from blog.core.web.process import configure_logging
from settings import load_settings
configure_logging(load_settings())
Config().log.error_logger.error("something is wrong in hypercorn")
"""


class Site(NamedTuple):
    """A server in production, and what is around it."""

    server: Server
    log: Path
    inbox: Inbox
    engine: AsyncEngine

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    async def logged(self, message: str) -> dict[str, Any]:
        """Wait for a line with a message that is just this, as a regular expression."""

        def found() -> list[dict[str, Any]]:
            return [line for line in self.lines() if re.fullmatch(message, line["message"])]

        async def is_there() -> bool:
            return bool(found())

        await until(is_there)
        return found()[-1]

    async def mail(self, words: str) -> str:
        """Wait for a mail with these words; its text."""
        for number in itertools.count(1):
            mail = (await self.inbox.holds(number))[number - 1]
            if (part := mail.get_body(("plain",))) and words in (text := part.get_content()):
                return text
        raise AssertionError

    async def figures(self) -> dict[str, float]:
        """What Prometheus would read, over a connection of its own."""
        async with httpx.AsyncClient(timeout=60, base_url=self.server.url) as client:
            answer = await client.get("/metrics")
        return {
            f"{sample.name} {' '.join(sample.labels.values())}".strip(): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }


@pytest.fixture(scope="module")
async def site(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Two web processes that log every statement into one file, and send mail by SMTP."""
    folder = tmp_path_factory.mktemp("logs")
    log = folder / "blog.log"
    url = await create_database(database_url, "logged")
    engine = create_async_engine(url)
    async with (
        receiving(Inbox()) as inbox,
        serving(
            folder / "var",
            quickly=False,  # The metrics are those of both processes.
            env="production",
            base_url="https://blog.test",
            database_url=url,
            web_concurrency=2,
            log_to=log,
            slow_query_seconds=0,
            metrics_token=METRICS_TOKEN,
            admin_email="root@example.com",
            mail_server="127.0.0.1",
            mail_port=inbox.port,
        ) as server,
    ):
        yield Site(server, log, inbox, engine)
    await engine.dispose()


async def test_no_secret_is_logged_whatever_happens(site: Site) -> None:
    addresses = {f"{name}@example.com" for name in ("david", "new", "no")}
    secrets = {FIRST, WRONG, SECOND, THIRD, BODY, METRICS_TOKEN, SECRET_KEY} | addresses
    async with RemoteBrowser(site.server) as browser:

        async def follow_mail(path: str) -> str:
            mail = await site.mail(f"https://blog.test{path}")
            secrets.update(line for line in mail.splitlines() if len(line) > 30)
            token = re.findall(f"{path}(\\S+)", mail)[0]
            secrets.add(token)
            await browser.get(path + token)
            await browser.get(path + token[:-3])
            return path + token

        def keep_cookies() -> None:
            secrets.update(cookie.value for cookie in browser.cookies.jar if cookie.value)

        form = {"email": "david@example.com", "username": "david"}
        await browser.submit("/auth/register", form | {"password": FIRST, "password2": FIRST})
        await browser.submit(await follow_mail("/auth/confirm/"))
        await browser.submit("/auth/logout", page="/auth/sessions")
        for password in (WRONG, FIRST):
            await browser.submit("/auth/login", {"email": "david", "password": password})
        keep_cookies()
        for old in (WRONG, FIRST):
            form = {"old_password": old, "password": SECOND, "password2": SECOND}
            await browser.submit("/auth/change-password", form)
        keep_cookies()
        await browser.submit("/auth/change_email", {"email": "new@example.com", "password": SECOND})
        await browser.submit(await follow_mail("/auth/change_email/"))
        secrets.add(await browser.token("/"))
        await use_the_api(browser, site.server, secrets)
        await provoke_an_error(browser, site)
        keep_cookies()
        await browser.submit("/auth/reset", {"email": "new@example.com"})
        form = {"password": THIRD, "password2": THIRD}
        answer = await browser.submit(await follow_mail("/auth/reset/"), form)
        assert answer.headers["location"] == "/auth/login", "all has worked up to here"

        site.inbox.replies["no@example.com"] = f"550 5.7.1 We do not want: Dear david, {BODY}"
        form = {"email": "no@example.com", "username": "norbert", "password": FIRST}
        await browser.submit("/auth/register", form | {"password2": FIRST})
    await send_what_is_malformed(site.server, secrets)

    await site.logged(r"mail \d+ \(confirm\) was refused: the server said 550 5\.7\.1")
    assert {line["logger"] for line in site.lines()} >= {
        "blog.core.web.request_log", "blog.core.db.statements", "blog.mail.sending",
    }  # fmt: skip
    written = site.log.read_text() + site.server.output
    told = [line for line in written.splitlines() if any(secret in line for secret in secrets)]
    assert told == []


async def use_the_api(browser: RemoteBrowser, server: Server, secrets: set[str]) -> None:
    """Get a token and use it, right and wrong, and a password too."""
    form = {"name": "My program", "read": "true", "write": "true", "life": "30 days",
            "password": SECOND}  # fmt: skip
    page = await browser.submit("/auth/tokens", form)
    found = re.search(r"\bbsd_[A-Za-z0-9_-]+", page.text)
    assert found, page.text
    secrets.add(found[0])
    headers = {"Host": "blog.test"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as program:
        for token, status in ((found[0], 200), (found[0][:-1], 401)):
            bearer = {"Authorization": f"Bearer {token}"}
            assert (await program.get("/api/v1/posts/", headers=bearer)).status_code == status
        for password, status in ((SECOND, 200), (WRONG, 401)):
            answer = await program.get("/api/v1/posts/", auth=("david", password))
            assert answer.status_code == status
        await program.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})


async def provoke_an_error(browser: RemoteBrowser, site: Site) -> None:
    """Let the database refuse a post, with the whole row in its explanation."""
    async with site.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE posts ADD CONSTRAINT none CHECK (id < 0)"))
    answer = await browser.submit("/", {"body": BODY})
    async with site.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE posts DROP CONSTRAINT none"))
    assert answer.status_code == 500
    identifier = answer.headers["x-request-id"]
    assert identifier in answer.text
    line = await site.logged("unexpected error in POST /")
    assert line["request_id"] == identifier
    assert "CheckViolationError" in line["traceback"]
    mail = await site.mail("CheckViolationError")
    assert identifier in mail
    assert BODY not in mail


async def send_what_is_malformed(server: Server, secrets: set[str]) -> None:
    """Send secrets where they are not expected."""
    secrets.update(f"sekrit-{number}" for number in range(8))
    for head in (
        "GET /sekrit-0/%FF?token=sekrit-1 HTTP/1.1\r\nHost: blog.test",
        "GET /auth/reset/sekrit-2%00 HTTP/1.1\r\nHost: blog.test",
        "SEKRIT-3 / HTTP/1.1\r\nHost: blog.test",
        "GET / HTTP/1.1\r\nHost: sekrit-4 <>",
        "GET / HTTP/1.1\r\nHost: blog.test\r\nCookie: __Host-login=sekrit-5\xff",
        "GET / HTTP/1.1\r\nHost: blog.test\r\nX-Request-ID: sekrit-6 !\r\nAuthorization: sekrit-7",
        "sekrit-7",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode("latin1"))
        await reader.read()
        writer.close()


async def test_a_log_that_is_rotated_loses_no_line(site: Site) -> None:
    former = site.log.with_suffix(".1")
    async with httpx.AsyncClient(
        timeout=60, base_url=site.server.url, headers={"Host": "blog.test"}
    ) as client:
        for number in range(20):
            if number == 10:
                site.log.rename(former)
            await client.get("/nowhere", headers={"Connection": "close"})
    messages = [
        json.loads(line)["message"]
        for file in (former, site.log)
        for line in file.read_text().splitlines()
    ]
    assert messages.count("GET unknown 404") >= 20
    assert "GET unknown 404" in [line["message"] for line in site.lines()]


async def test_a_request_whose_client_goes_away_is_logged(site: Site) -> None:
    async def one_waits() -> bool:
        async with site.engine.connect() as connection:
            waiting = (
                "SELECT count(*) FROM pg_locks WHERE relation = 'posts'::regclass AND NOT granted"
            )
            return bool(await connection.scalar(text(waiting)))

    async with site.engine.begin() as connection:
        await connection.execute(text("LOCK TABLE posts IN ACCESS EXCLUSIVE MODE"))
        _, writer = await asyncio.open_connection("127.0.0.1", site.server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: blog.test\r\nX-Request-ID: impatient\r\n\r\n")
        await until(one_waits)
        writer.close()
        line = await site.logged("GET / 499")
    assert line["request_id"] == "impatient"


async def test_every_worker_shows_the_figures_of_all(site: Site) -> None:
    count = "broadside_requests_total GET /user/<username> 404"

    async def workers() -> set[str]:
        """Those that have opened the database; none while there are not two of them."""
        try:
            found = await site.figures()
        except httpx.TransportError:
            return set()
        started = {name for name in found if name.startswith("process_start_time_seconds")}
        pools = ("primary", "primary, reading")
        size = sum(found.get(f"broadside_database_pool_size {pool}", 0) for pool in pools)
        is_complete = size == 40
        return started if is_complete and len(started) == 2 else set()

    async def all_are_there() -> bool:
        return bool(await workers())

    async def all_are_new() -> bool:
        return bool(new := await workers()) and not new & former

    await until(all_are_there, START_SECONDS)
    before = (await site.figures()).get(count, 0)
    for number in range(20):
        async with httpx.AsyncClient(
            timeout=60, base_url=site.server.url, headers={"Host": "blog.test"}
        ) as client:
            assert (await client.get(f"/user/nobody{number}")).status_code == 404
    for _ in range(5):
        found = await site.figures()
        assert found[count] == before + 20
        assert found["broadside_requests_in_progress"] == 1, "this one"

    former = await workers()
    site.server.send(signal.SIGHUP)
    await until(all_are_new, START_SECONDS)
    found = await site.figures()
    assert found[count] == before + 20, "what the former ones have counted is not lost"
    assert found["broadside_requests_in_progress"] == 1


def test_hypercorns_own_program_logs_where_we_do(tmp_path: Path) -> None:
    log = tmp_path / "log"
    printed = subprocess.run(
        [sys.executable, "-c", HYPERCORN_ALONE],
        env={"LOG_TO": str(log), "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert printed.stderr == ""
    (line,) = log.read_text().splitlines()
    assert line.endswith("hypercorn.error: something is wrong in hypercorn")
