"""Two real application processes behind a real nginx, which has the configuration we recommend.

The proxy is at 127.0.0.1 and trusted; clients come from other addresses of this machine.
"""

import asyncio
import json
import random
import re
import signal
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.api.support import add_token
from tests.browser.sample_site import app_of
from tests.live.certificates import Certificates
from tests.live.nginx import nginx, site_configuration
from tests.servers import Server, free_port, run, serving, until
from tests.support import PASSWORD, add_user

CLIENT = "127.0.0.2"
FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Request-ID": "forged-id",
}
TYPES = {"text/css", "text/javascript", "application/javascript", "image/svg+xml", "font/woff2"}
FOR_EVER = "public, max-age=31536000, immutable"


class Site:
    """The site as its visitors see it, and the processes behind it.

    Attributes:
        http, https: its two addresses.
        servers: the running processes.
    """

    def __init__(
        self, folder: Path, certificates: Certificates, settings: dict[str, object]
    ) -> None:
        self.folder = folder
        self.trust = certificates.trust
        http, https = free_port(), free_port()
        self.http, self.https = f"http://127.0.0.1:{http}", f"https://127.0.0.1:{https}"
        self.ports = (free_port(), free_port())
        self.servers: list[Server] = []
        self.settings = settings | {"base_url": self.https}
        self._nginx = nginx(
            folder,
            site_configuration(folder, certificates, http=http, https=https, upstreams=self.ports),
            https,
        )

    async def start(self, stack: AsyncExitStack) -> None:
        """Start everything; the stack ends it."""
        code, output = await run(self.folder, "blog", "static", str(self.folder))
        assert code == 0, output
        for port in self.ports:
            await self.start_process(stack, port)
        await self.start_proxy(stack)

    async def start_proxy(self, stack: AsyncExitStack) -> None:
        """Start nginx alone."""
        await stack.enter_async_context(self._nginx)

    async def start_process(self, stack: AsyncExitStack, port: int) -> Server:
        """Start a process, or one in the place of one that has died."""
        server = await stack.enter_async_context(
            serving(self.folder / str(port), port=port, **self.settings)
        )
        self.servers.append(server)
        return server

    def client(
        self, *, http2: bool = False, verify: ssl.SSLContext | None = None
    ) -> httpx.AsyncClient:
        """A visitor from `CLIENT`."""
        transport = httpx.AsyncHTTPTransport(
            verify=verify or self.trust, http2=http2, local_address=CLIENT
        )
        return httpx.AsyncClient(transport=transport, base_url=self.https, timeout=60)

    def logged(self, route: str) -> list[dict[str, object]]:
        """The lines that the requests of a route have left in the logs."""
        lines = [line for server in self.servers for line in server.output.splitlines()]
        facts = [json.loads(line) for line in lines if line.startswith("{")]
        return [fact for fact in facts if fact.get("route") == route]


@pytest.fixture(scope="module")
async def site(
    tmp_path_factory: pytest.TempPathFactory, site_url: str, certificates: Certificates
) -> AsyncIterator[Site]:
    """The site in production, as `deploy/nginx.conf` says to configure it."""
    settings: dict[str, object] = {
        "env": "production",
        "database_url": site_url,
        "background_worker": "external",
        "trusted_proxies": "127.0.0.1/32",
        "https_redirect": "true",
    }
    running = Site(tmp_path_factory.mktemp("proxy"), certificates, settings)
    async with AsyncExitStack() as stack:
        await running.start(stack)
        yield running


async def test_while_no_process_runs_pages_and_forms_are_answered_with_when_to_return(
    tmp_path: Path, certificates: Certificates
) -> None:
    down = Site(tmp_path, certificates, {})
    async with AsyncExitStack() as stack:
        await down.start_proxy(stack)
        client = await stack.enter_async_context(down.client())
        for answer in (await client.get("/post/1"), await client.post("/", data={"body": "x"})):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
            assert "be right back" in answer.text


@pytest.mark.parametrize("http2", [False, True])
async def test_https_is_answered_and_insisted_on(site: Site, http2: bool) -> None:
    async with site.client(http2=http2) as client:
        page = await client.get("/auth/login")
        token = re.search('name="csrf_token" value="([^"]+)"', page.text)
        assert token
        form = {"csrf_token": token[1], "email": "nobody", "password": "x"}
        answer = await client.post("/auth/login", data=form, headers={"Origin": site.https})
    assert page.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    assert page.headers["content-encoding"] == "gzip"
    assert (page.status_code, answer.status_code) == (200, 422), "nobody has this password"


async def test_http_leads_to_https(site: Site) -> None:
    async with site.client() as client:
        answer = await client.get(f"{site.http}/user/susan?page=2")
    assert answer.status_code == 308
    assert answer.headers["location"] == f"{site.https}/user/susan?page=2"
    assert "strict-transport-security" not in answer.headers


async def test_the_log_has_the_real_client_despite_forged_headers(site: Site) -> None:
    async with site.client() as client:
        answer = await client.get("/auth/reset", headers=FORGED)
    assert answer.status_code == 200

    async def is_logged() -> bool:
        return bool(site.logged("/auth/reset"))

    await until(is_logged)
    (line,) = site.logged("/auth/reset")
    assert line["client"] == CLIENT
    assert line["request_id"] == answer.headers["x-request-id"] != FORGED["X-Request-ID"]


async def test_headers_of_a_client_that_bypasses_the_proxy_are_ignored(site: Site) -> None:
    async with site.client() as client:
        url = site.servers[0].url
        answer = await client.get(f"{url}/auth/register", headers=FORGED)
        foreign = await client.get(f"{url}/", headers={"X-Forwarded-Host": "evil.example"})

    async def is_logged() -> bool:
        return bool(site.logged("/auth/register"))

    assert answer.status_code == foreign.status_code == 308, "it was no HTTPS"
    assert foreign.headers["location"] == f"{site.https}/"
    await until(is_logged)
    assert [line["client"] for line in site.logged("/auth/register")] == [CLIENT]


async def test_a_foreign_host_is_refused(site: Site) -> None:
    async with site.client() as client:
        for headers in ({"Host": "evil.example"}, {"Host": "evil.example", **FORGED}):
            answer = await client.get("/", headers=headers)
            assert (answer.status_code, answer.headers["content-type"]) == (
                400,
                "text/plain; charset=utf-8",
            )


async def test_nginx_serves_the_files_that_a_page_names_and_the_site_others(site: Site) -> None:
    async with site.client() as client:
        page = await client.get("/auth/login")
        names = set(re.findall(r'"(/static/[^"]+)"', page.text))
        assert len(names) > 3
        for name in names:
            for coding in ("gzip", "identity"):
                answer = await client.get(name, headers={"Accept-Encoding": coding})
                assert answer.headers["cache-control"] == FOR_EVER
                assert answer.headers.get("content-encoding", "identity") == coding
                assert answer.headers["strict-transport-security"]
                assert "x-request-id" not in answer.headers, "the application was asked"
                assert answer.headers["content-type"] in TYPES
                plain = await client.get(re.sub(r"\.[0-9a-f]{12}", "", name))
                assert plain.content == answer.content
        of_the_past = await client.get("/static/css/base.0123456789ab.css")
        assert of_the_past.status_code == 200
        assert of_the_past.headers["cache-control"] == "no-cache"
        assert (await client.get("/static/css/none.0123456789ab.css")).status_code == 404


async def test_a_process_that_is_killed_and_started_again_under_load_costs_no_read(
    site: Site,
) -> None:
    answers: Counter[int] = Counter()
    is_over = asyncio.Event()

    async def read() -> None:
        async with site.client() as client:
            while not is_over.is_set():
                answers[(await client.get("/auth/login")).status_code] += 1

    async def more_answers() -> None:
        before = answers.total()

        async def are_there() -> bool:
            return answers.total() >= before + 50

        await until(are_there)

    async with AsyncExitStack() as stack, asyncio.TaskGroup() as readers:
        for _ in range(8):
            readers.create_task(read())
        try:
            await more_answers()
            victim = site.servers[0]
            victim.send(signal.SIGKILL, group=True)
            await victim.ended()
            await more_answers()
            successor = await site.start_process(stack, victim.port)
            await successor.printed('"/auth/login"')
            await more_answers()
        finally:
            is_over.set()
    assert set(answers) == {200}, answers


async def test_an_image_that_is_larger_than_other_bodies_gets_through(
    site: Site, site_url: str, tmp_path: Path
) -> None:
    app = app_of(tmp_path, site_url)
    await app.database.open()
    token = await add_token(app, await add_user(app, "uploader"))
    await app.database.close()
    noise = Image.frombytes("RGB", (1200, 1000), random.Random(1).randbytes(3_600_000))
    file = BytesIO()
    noise.save(file, "PNG", compress_level=0)
    assert file.tell() > 3_000_000
    async with site.client() as client:
        client.headers["Authorization"] = f"Bearer {token}"
        for method, path in (("POST", "/api/v1/media/"), ("PUT", "/api/v1/me/avatar")):
            answer = await client.request(method, path, files={"file": file.getvalue()})
            assert answer.status_code in {200, 201}, answer.text
        answer = await client.post("/api/v1/posts/", content=file.getvalue())
        assert answer.status_code == 413


@pytest.mark.parametrize("http2", [False, True])
async def test_live_updates_are_passed_on_at_once(
    site: Site, site_url: str, tmp_path: Path, http2: bool
) -> None:
    app = app_of(tmp_path, site_url)
    await app.database.open()
    name = f"listener{http2}".lower()
    listener = await add_user(app, name)
    tokens = [
        await add_token(app, person) for person in (listener, await add_user(app, f"{name}.fan"))
    ]
    await app.database.close()
    author, fan = ({"Authorization": f"Bearer {token}"} for token in tokens)
    async with site.client(http2=http2) as browser, site.client() as client:
        page = await browser.get("/auth/login")
        token = re.search('name="csrf_token" value="([^"]+)"', page.text)
        assert token
        form = {"csrf_token": token[1], "email": name, "password": PASSWORD}
        answer = await browser.post("/auth/login", data=form, headers={"Origin": site.https})
        assert answer.status_code == 302, answer.text
        post = await client.post("/api/v1/posts/", json={"body": "x"}, headers=author)
        async with browser.stream("GET", "/notifications/stream") as stream:
            assert stream.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
            assert "content-encoding" not in stream.headers
            parts, text = stream.aiter_text(), ""
            # nginx would keep so little in a buffer until the stream ends.
            while '"unread": 0' not in text:
                text += await anext(parts)
            await client.put(f"{post.json()['url']}/like", headers=fan)
            while '"unread": 1' not in text:
                text += await anext(parts)
