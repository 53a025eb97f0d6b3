"""Odd headers and URLs on every route, over a real socket, never cause a server error.

In CI the run is short, and always the same; `make fuzz` says otherwise.
"""

import asyncio
import os
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import pytest

from blog import create_app
from blog.core.web.bodies import BODY_SECONDS
from settings import Settings
from tests.api.support import add_token
from tests.browser.sample_site import app_of, fill
from tests.databases import create_database
from tests.servers import Server, serving
from tests.support import PASSWORD, Visitor, add_user

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
AT_ONCE = 16
# What h11 answers to a transfer coding that it does not know.
NOT_IMPLEMENTED = 501

NAMES = [
    b"Accept", b"Accept-Charset", b"Accept-Encoding", b"Accept-Language", b"Authorization",
    b"Cache-Control", b"Content-Encoding", b"Content-Length", b"Content-Type", b"Cookie", b"Date",
    b"Expect", b"Forwarded", b"Host", b"Idempotency-Key", b"If-Match", b"If-Modified-Since",
    b"If-None-Match", b"If-Range", b"If-Unmodified-Since", b"Origin", b"Range", b"Referer",
    b"Sec-Fetch-Dest", b"Sec-Fetch-Mode", b"Sec-Fetch-Site", b"TE", b"Transfer-Encoding",
    b"Upgrade", b"User-Agent", b"X-Forwarded-For", b"X-Forwarded-Host", b"X-Forwarded-Proto",
    b"X-Request-ID", b"Access-Control-Request-Headers", b"Access-Control-Request-Method",
    b"X-HTTP-Method-Override", b"HTTP2-Settings", b"Via",
]  # fmt: skip
VALUES = [
    b"", b" ", b"[", b"]", b":", b"::", b"//", b"*", b"?", b",,,", b";;;=", b'"', b'W/"', b'W/"x',
    b'"x", "y"', b"http://[", b"https", b"https://", b"http://[::1", b"http://[::1]:x",
    b"http://a:99999", b"//[", b"http://\xff", b"null", b"\xff\xfe", b"\xc3\xa9", b"\xe2\x80\xae",
    b"%00%ff", b"=?utf-8?q?=00?=", b"a" * 300, b"a" * 8_000, b"a," * 2_000, b"(" * 500, b"-1",
    b"1e999", b"9" * 400, b"0x10", b"localhost:", b"127.0.0.1:99999", b"127.0.0.1:\xb2", b"[::1",
    b"[::1]:", b"127.0.0.1, b", b"bytes=0-0", b"bytes=5-1", b"bytes=-",
    b"bytes=" + b"9" * 50 + b"-", b"bytes=0-1,3-4,9-", b"lines=1", b"Basic", b"Basic =",
    b"Basic \xff", b"Basic Og==", b"Basic /w==", b"Basic YTpiAA==", b"Basic AAAA", b"Bearer",
    b"Bearer \xff", b"Bearer " + b"b" * 6_000, b'Digest username="x', b"Basic " + b"Og" * 3_000,
    b"text/html;q=x", b"*/*;q=1e999", b"text/html;q=-1", b"a/b;q=0.5;;", b"gzip;q=nan",
    b"gzip;q=inf", b"application/json", b"application/json; charset=x", b"multipart/form-data",
    b"multipart/form-data; boundary=", b"multipart/form-data; boundary=" + b"\xff" * 90,
    b"application/x-www-form-urlencoded; charset=utf-16", b"text/plain; charset=\xff",
    b"Mon, 99 Foo 2026 25:61:61 GMT", b"Thu, 01 Jan 1970 00:00:00 GMT",
    b"Fri, 31 Dec 99999 23:59:59 GMT", b"gzip, chunked", b"chunked", b"100-continue", b"websocket",
    b"h2c", b"for=\"[", b"for=_x;proto=\xff", b"session=\xff; session=; =x; ;",
    b"session=" + b"x" * 4_000, b"tab=\"\\377\"; written=\xb2", b"written=" + b"9" * 5_000,
    b"written=-1", b"GET", b"same-origin", b"cross-site", b"127.0.0.1", b"unknown",
    b"1.2.3.4, [::1]:99999, %eth0", b"fe80::1%\xff", b"javascript:alert(1)",
]  # fmt: skip
PARTS = [
    b"1", b"0", b"-1", b"9" * 19, b"9" * 400, b"susan", b"a" * 64, b"a" * 255, b"a" * 300,
    b"a" * 5_000, b"%00", b"%FF", b"%C3%A9", b"%F0%9F%98%80", b"%E2%80%AE", b"%ED%A0%80", b"%",
    b"%zz", b"%0d%0a", b"%20", b"..", b"%2e%2e", b"..%2f..%2fetc%2fpasswd", b"%2e", b".", b"\\",
    b"%5c", b";x=1", b"a;b", b"+", b"~", b"@", b"[", b"{{7*7}}", b"%7B%7B7*7%7D%7D", b"'", b'"',
    b"<b>", b"|", b"a" * 100 + b".000000000000.css", b"%61" * 300, b"a/" * 300, b"//",
    b"css%2Fbase.css", b"base." + b"0" * 12 + b"." + b"x" * 290, b"swagger-ui.css%00",
    b"index.html", b"css", b"con", b"%F0%9F" + b"%80" * 90,
]  # fmt: skip
QUERIES = [
    b"", b"?", b"?page=-1", b"?page=%FF", b"?page=1&page=2", b"?page=" + b"9" * 5_000,
    b"?per_page=0", b"?cursor=", b"?cursor=AAAA", b"?cursor=" + b"_" * 100, b"?cursor=%FF",
    b"?before=x", b"?before=" + b"9" * 19, b"?next=http://[", b"?next=//evil.example",
    b"?next=%5c%5ca", b"?next=" + b"%25" * 400, b"?q=%00", b"?q=%25_%5C",
    b"?q=" + b"%CC%81" * 2_000, b"?" + b"a=1&" * 1_500, b"?[]=1&a[b]=2", b"?%", b"?=", b"?&&&",
    b"?email=%ED%A0%80", b"?size=-1", b"?size=1e9", b"?s=99999999999999999999", b"?tab=x",
    b"?" + b"x" * 8_000,
]  # fmt: skip


class Site(NamedTuple):
    """A server, its routes with the methods of each, and what opens it."""

    server: Server
    routes: list[tuple[str, list[str]]]
    credentials: list[bytes]


@pytest.fixture(scope="module")
async def site(
    database_url: str,
    make_settings: Callable[..., Settings],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Site]:
    """A site with people and posts, which must not have logged an error in the end."""
    folder = tmp_path_factory.mktemp("odd")
    url = await create_database(database_url, "odd")
    app = app_of(folder, url)
    await app.database.open()
    await fill(app)
    token = await add_token(app, await add_user(app, "odd.moderator", role="Moderator"))
    await add_user(app, "odd.administrator", role="Administrator")
    await app.database.close()
    routes = [
        (rule.rule, sorted((rule.methods or set()) - {"HEAD"}))
        for rule in create_app(make_settings(env="development")).url_map.iter_rules()
        if rule.endpoint != "live.stream"  # It has no end.
    ]
    settings = {"database_url": url, "rate_limits": "off", "trusted_proxies": 1}
    async with serving(folder / "server", **settings) as server:
        async with Visitor(base_url=server.url, timeout=60) as visitor:
            await visitor.log_in("odd.administrator", PASSWORD)
            cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        credentials = [
            b"", b"", b"Authorization: Bearer %s\r\n" % token.encode(),
            b"Cookie: %s\r\n" % cookies.encode(),
        ]  # fmt: skip
        yield Site(server, sorted(routes), credentials)
    assert "Traceback" not in server.output
    assert "unexpected error" not in server.output


def odd_request(site: Site, route: str, method: str, chance: random.Random) -> bytes:
    """A request for a route, in which something is odd."""
    path = re.sub(
        "<[^>]*>", lambda _: chance.choice(PARTS[:6] + PARTS).decode("latin1"), route
    ).encode("latin1")
    if chance.random() < 0.1:
        path += b"/" + chance.choice(PARTS)
    lines = [b"%s %s%s HTTP/1.1" % (method.encode(), path, chance.choice(QUERIES))]
    headers = {b"Host": b"127.0.0.1", b"Content-Length": b"0"}
    if chance.random() < 0.5:
        headers |= {b"Accept": chance.choice([b"text/html", b"application/json"])}
    for _ in range(chance.randint(1, 3)):
        headers[chance.choice(NAMES)] = chance.choice(VALUES)
    lines += [b"%s: %s" % header for header in headers.items()]
    head = b"\r\n".join([*lines, b"Connection: close", b""])
    return head + chance.choice(site.credentials) + b"\r\n"


async def status_of(server: Server, request: bytes) -> int:
    """The status of the answer; 0 if there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(request)
        # The server itself waits for a body that it was promised, and that does not come.
        async with asyncio.timeout(BODY_SECONDS + 30):
            answer = await reader.read()
    except ConnectionError:
        return 0
    finally:
        writer.close()
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    return int(found[1]) if found else 0


@pytest.mark.parametrize(
    ("request_line", "header", "status"),
    [
        ("POST /auth/login", "Origin: http://[", 400),
        ("POST /auth/login", "Origin: http://a:99999", 400),
        (f"GET /static/{'a' * 300}", "Accept: */*", 404),
        (f"GET /static/css/{'a' * 300}.0123456789ab.css", "Accept: */*", 404),
        (f"GET /api/docs/{'a' * 5_000}", "Accept: */*", 404),
        (f"GET /static/{'a/' * 2_000}", "Accept: */*", 404),
        ("GET /metrics", "Host: [", 404),
        ("GET /metrics", "Host: ", 404),
        ("GET /metrics", "Host: 127.0.0.1:99999", 200),
        ("GET /readyz", "Host: [", 200),
    ],
)
async def test_former_server_errors_are_client_errors(
    site: Site, request_line: str, header: str, status: int
) -> None:
    host = "" if header.startswith("Host") else "Host: 127.0.0.1\r\n"
    request = f"{request_line} HTTP/1.1\r\n{host}{header}\r\nConnection: close\r\n\r\n"
    assert await status_of(site.server, request.encode()) == status


async def test_no_odd_request_is_an_error_of_the_server(site: Site) -> None:
    chance = random.Random(SEED)
    requests = [
        odd_request(site, route, method, chance)
        for route, methods in site.routes
        for method in methods
        for _ in range(3 * EXAMPLES)
    ]
    free = asyncio.Semaphore(AT_ONCE)
    statuses = Counter[int]()
    wrong = []

    async def ask(request: bytes) -> None:
        async with free:
            status = await status_of(site.server, request)
            statuses[status] += 1
            if status >= 500 and status != NOT_IMPLEMENTED:
                wrong.append((status, request))

    async with asyncio.TaskGroup() as group:
        for request in requests:
            group.create_task(ask(request))
    assert not wrong
    assert statuses[200] > len(requests) / 10, statuses
    assert statuses[0] < len(requests) / 10, statuses
