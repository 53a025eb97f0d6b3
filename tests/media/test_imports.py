"""Copies of images of other sites, and what the server must not be led to."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, ip_address

import pytest
from httpx import Response

from blog import create_app
from blog.core.web import fetching
from blog.core.web.app import Broadside
from blog.core.web.bodies import MIB
from blog.core.web.fetching import FetchError, fetch, is_public, validate_url
from settings import Settings
from tests.api.support import Client
from tests.media.corpus import encoded, picture
from tests.media.support import finish_jobs
from tests.support import Browser, change_site

HERE = IPv4Address("127.0.0.1")
PNG = encoded(picture(60, 30), "PNG")
JSON = {"Accept": "application/json"}


class OtherSite:
    """A site that answers each path with what is in `answers`, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.answers: dict[str, bytes] = {}
        self.pause = 0.0
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if length := re.search(rb"Content-Length: (\d+)", request):
            request += await reader.readexactly(int(length[1]))
        self.asked.append(request)
        await asyncio.sleep(self.pause)
        writer.write(self.answers[request.split()[1].decode()])
        await writer.drain()
        writer.close()

    def has(self, path: str, content: bytes, *headers: str, status: str = "200 OK") -> str:
        """Answer with this at a path; the address."""
        length = f"Content-Length: {len(content)}"
        lines = [f"HTTP/1.1 {status}", length, "Connection: close", *headers, "", ""]
        self.answers[path] = "\r\n".join(lines).encode() + content
        return f"http://photos.example:{self.port}{path}"


@asynccontextmanager
async def listening(site: OtherSite) -> AsyncIterator[OtherSite]:
    server = await asyncio.start_server(site.answer, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    async with server:
        yield site


@pytest.fixture
async def there(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OtherSite]:
    """A site at photos.example, which is on this machine, and as if that were public."""
    look_up = fetching.resolve

    async def resolved(host: str, port: int) -> list[object]:
        return [HERE] if host == "photos.example" else list(await look_up(host, port))

    async with listening(OtherSite()) as site:
        monkeypatch.setattr(fetching, "resolve", resolved)
        monkeypatch.setattr(fetching, "is_public", lambda address: address == HERE)
        monkeypatch.setitem(fetching.PORTS, "http", site.port)
        yield site


async def import_image(browser: Browser, url: str, **fields: str) -> Response:
    token = await browser.token("/media/")
    return await browser.post(
        "/media/import", data={"csrf_token": token, "url": url, **fields}, headers=JSON
    )


def problem(answer: Response) -> str:
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert error["field"] == "url"
    return str(error["message"])


async def test_an_image_of_another_site_is_copied(
    app: Broadside, there: OtherSite, susans_browser: Browser, susans: Client
) -> None:
    there.has("/tram.png", PNG)
    url = there.has("/photo", b"", "Location: /tram.png", status="302 Found")
    answer = await import_image(susans_browser, url, alt="A tram")
    assert answer.status_code == 201
    assert (answer.json()["width"], answer.json()["alt"]) == (60, "A tram")
    assert answer.json()["markdown"] == f"![A tram](/media/{answer.json()['name']})"
    await finish_jobs(app)
    [media] = (await susans.get("/media/")).json()["media"]
    assert (media["state"], media["alt"]) == ("ready", "A tram")
    # The name was looked up once, and the connection made to that address.
    assert all(f"Host: photos.example:{there.port}".encode() in each for each in there.asked)
    assert not any(b"ookie" in each or b"uthorization" in each for each in there.asked)


async def test_without_a_script_the_page_of_images_copies_it(
    there: OtherSite, susans_browser: Browser
) -> None:
    url = there.has("/tram.png", PNG)
    answer = await susans_browser.submit("/media/import", {"url": url}, page="/media/")
    assert answer.headers["location"] == "/media/#media-1"
    answer = await susans_browser.submit("/media/import", {"url": f"{url}?x y"}, page="/media/")
    assert answer.status_code == 422
    assert "tram.png" in answer.text


@pytest.mark.parametrize(
    ("content", "headers", "status", "words"),
    [
        (PNG, [], "404 Not Found", "with status 404"),
        (PNG, ["Content-Encoding: gzip"], "200 OK", "an encoding we can"),
        (b"<html>", [], "200 OK", "a supported image"),
        (b"", [], "200 OK", "This file is empty"),
        (PNG[:50], [], "200 OK", "This image is damaged"),
        (b"", ["Location: /again"], "301 Moved", "redirected us too many times"),
        (b"", ["Location: ftp://photos.example/x"], "302 Found", "starts with http"),
        (b"", ["Location: http://u:p@photos.example/x"], "302 Found", "starts with http"),
        (b"", ["Location: http://127.0.0.2/x"], "302 Found", "on the public internet"),
        (b"", ["Location: //[::1]:{port}/x"], "302 Found", "on the public internet"),
        (b"", ["Location: //127.0.0.2:{port}/x"], "302 Found", "on the public internet"),
        (b"", ["Location: //2130706434:{port}/x"], "302 Found", "on the public internet"),
        (b"", ["Location: //0x7f.2:{port}/x"], "302 Found", "on the public internet"),
        (b"", ["Location: //[::ffff:10.0.0.1]:{port}/"], "302 Found", "on the public internet"),
    ],
)
async def test_what_cannot_be_copied_is_said_and_nothing_is_kept(
    there: OtherSite, susans_browser: Browser, susans: Client, monkeypatch: pytest.MonkeyPatch,
    content: bytes, headers: list[str], status: str, words: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(fetching, "is_public", lambda address: address == HERE and address.version)
    lines = [line.format(port=there.port) for line in headers]
    url = there.has("/again", content, *lines, status=status)
    assert words in problem(await import_image(susans_browser, url))
    assert (await susans.get("/media/usage")).json()["count"] == 0


async def test_a_file_that_is_too_large_or_too_slow_is_given_up(
    app: Broadside, there: OtherSite, susans_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await change_site(app, upload_limit=1)
    url = there.has("/tram.png", PNG.ljust(MIB + 1, b"\0"))
    assert "larger than 1 MB" in problem(await import_image(susans_browser, url))
    url = there.has("/tram.png", PNG)
    monkeypatch.setattr(fetching, "SECONDS", 0.2)
    there.pause = 5
    assert "The other site isn" in problem(await import_image(susans_browser, url))


async def test_an_answer_that_is_no_http_is_refused(
    there: OtherSite, susans_browser: Browser
) -> None:
    url = there.has("/tram.png", PNG)
    there.answers["/tram.png"] = b"+OK POP3 ready\r\n"
    assert "The other site isn" in problem(await import_image(susans_browser, url))


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "file:///etc/passwd", "gopher://photos.example/", "ftp://photos.example/x",
        "http://", "http://photos.example:25/", "https://photos.example:80/",
        "http://user:password@photos.example/", "javascript:alert(1)", "data:image/png,x",
        "http://photos.example:99999/", "http://[::1", "x" * 2001,
    ],
)  # fmt: skip
async def test_other_addresses_are_refused(susans_browser: Browser, url: str) -> None:
    assert problem(await import_image(susans_browser, url))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433"])
async def test_nothing_connects_to_this_machine(
    susans_browser: Browser, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    async with listening(OtherSite()) as site:
        monkeypatch.setitem(fetching.PORTS, "http", site.port)
        answer = await import_image(susans_browser, f"http://{host}:{site.port}/tram.png")
        assert "on the public internet" in problem(answer)
        assert site.asked == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True),
        ("127.0.0.1", False), ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.1.1", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False),
        ("224.0.0.1", False), ("255.255.255.255", False), ("192.0.2.1", False),
        ("198.18.0.1", False), ("240.0.0.1", False),
        ("::1", False), ("::", False), ("fe80::1", False), ("fd00::1", False), ("ff02::1", False),
        ("::ffff:127.0.0.1", False), ("::ffff:93.184.216.34", True), ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("2001:0:7f00:1::", False),
        ("2001:db8::1", False), ("fec0::1", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, expected: bool) -> None:
    assert is_public(ip_address(address)) is expected


def test_a_host_with_one_address_that_is_not_public_is_refused() -> None:
    async def resolved(host: str, port: int) -> list[IPv4Address]:
        return [IPv4Address("93.184.216.34"), HERE]

    async def connect() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fetching, "resolve", resolved)
            async with fetch("http://photos.example/", "test"):
                pass

    with pytest.raises(FetchError, match="on the public internet"):
        asyncio.run(connect())


@pytest.mark.parametrize("url", ["http://é.example/", "HTTP://photos.example/", "http:///x"])
def test_addresses_of_redirects_are_checked_as_they_are(url: str) -> None:
    if url.startswith("HTTP:"):
        assert validate_url(url) == url
    else:
        with pytest.raises(FetchError):
            validate_url(url)


async def test_it_can_be_switched_off(
    make_settings: Callable[..., Settings], app: Broadside, susans_browser: Browser
) -> None:
    assert "/media/import" in (await susans_browser.get("/media/")).text
    assert "/media/import" in (await susans_browser.get("/write")).text
    other = create_app(make_settings(import_images=False))
    other.passwords = app.passwords
    async with other.test_app(), Browser(other) as visitor:
        await visitor.log_in("susan")
        for address in ("/media/", "/write"):
            page = await visitor.get(address)
            assert page.status_code == 200
            assert "/media/import" not in page.text
        answer = await import_image(visitor, "http://photos.example/tram.png")
        assert answer.status_code == 404
