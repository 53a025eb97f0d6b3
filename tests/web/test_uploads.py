"""Routes that take more than a form, with a body that is read while it arrives.

The routes are the tests' own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from quart import request

from blog import create_app
from blog.core.crypto.passwords import Passwords
from blog.core.db.engines import POOL_SIZE
from blog.core.storage.folder import INCOMING
from blog.core.web import lingering_close
from blog.core.web.app import Broadside, current_app
from blog.core.web.bodies import MOST_WAITING
from blog.core.web.uploads import (
    fields_after_file,
    takes_upload,
    uploaded_body,
    uploaded_file,
)
from blog.models import User
from settings import Settings
from tests.connections import watch_pools, watched
from tests.servers import until
from tests.support import Browser

MIB = 1024 * 1024
LIMIT = 4 * MIB
KEY = "uploads/file.bin"
RAW, FORM = "/api/raw", "/form"
BOUNDARY = "a-boundary"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@pytest.fixture(scope="module")
async def uploading(make_settings: Callable[..., Settings]) -> AsyncIterator[Broadside]:
    """An application with a route for a body, and one for a form with a file."""
    app = create_app(make_settings())
    app.passwords = Passwords(time_cost=1, memory_kib=8)

    @app.post(RAW)
    @takes_upload(LIMIT)
    async def raw() -> str:
        return str(await current_app.storage.put(KEY, uploaded_body()))

    @app.post("/api/small")
    @takes_upload(1000)
    async def small() -> str:
        return str(await current_app.storage.put(KEY, uploaded_body()))

    @app.post("/api/refusing")
    @takes_upload(LIMIT)
    async def refusing() -> tuple[str, int]:
        return "no", 403

    @app.post("/api/waiting")
    @takes_upload(LIMIT)
    async def waiting() -> str:
        app.extensions["asked"].set()
        await app.extensions["go on"].wait()
        return str(await current_app.storage.put(KEY, uploaded_body()))

    @app.post("/api/wrong")
    @takes_upload(LIMIT)
    async def wrong() -> str:
        return str(len(await request.get_data()))

    @app.post(FORM)
    @takes_upload(LIMIT)
    async def form() -> dict[str, object]:
        file = await uploaded_file()
        fields = (await request.form).to_dict()
        if file is None:
            return fields
        size = await current_app.storage.put(KEY, file.content)
        found: dict[str, object] = {"file": [file.field, file.name, file.content_type, size]}
        if later := (await fields_after_file()).to_dict():
            found["later"] = later
        return fields | found

    with watched(app) as faults:
        async with app.test_app():
            watch_pools(app)
            yield app
    assert not faults


@pytest.fixture
async def sender(app: Broadside, uploading: Broadside) -> AsyncIterator[Browser]:
    """A visitor to that application, on an empty site."""
    await uploading.storage.delete(KEY)
    async with Browser(uploading) as visitor:
        yield visitor


@pytest.fixture
async def susan_sends(sender: Browser, susan: User) -> Browser:
    await sender.log_in("susan")
    return sender


async def pieces(total: int, chunk: int = 64 * 1024) -> AsyncIterator[bytes]:
    """A body without an announced length."""
    for start in range(0, total, chunk):
        yield b"x" * min(chunk, total - start)


async def stored(app: Broadside) -> bytes:
    return b"".join([piece async for piece in app.storage.read(KEY)])


async def nothing_is_stored(app: Broadside) -> bool:
    incoming = app.settings.storage_folder / INCOMING
    return not await app.storage.page("uploads") and not list(incoming.glob("*"))


@pytest.mark.parametrize("size", [0, 1, 1000, MIB, MIB + 1, LIMIT])
@pytest.mark.parametrize("announced", [True, False])
async def test_a_route_may_take_more_than_a_form(
    sender: Browser, uploading: Broadside, size: int, announced: bool
) -> None:
    content = b"x" * size if announced else pieces(size)
    answer = await sender.post(RAW, content=content)
    assert (answer.status_code, answer.text) == (200, str(size))
    assert await stored(uploading) == b"x" * size


@pytest.mark.parametrize("announced", [True, False])
async def test_more_than_its_limit_is_refused_in_words(
    sender: Browser, uploading: Broadside, announced: bool
) -> None:
    content = b"x" * (LIMIT + 1) if announced else pieces(LIMIT + 1)
    answer = await sender.post(RAW, content=content)
    assert answer.status_code == 413
    assert answer.json()["detail"] == "Your request is larger than the limit of 4 MiB."
    assert await nothing_is_stored(uploading)


async def test_a_limit_may_be_smaller_than_that_of_a_form(sender: Browser) -> None:
    assert (await sender.post("/api/small", content=b"x" * 1000)).status_code == 200
    assert (await sender.post("/api/small", content=b"x" * 1001)).status_code == 413
    assert (await sender.post("/api/small", content=pieces(1001))).status_code == 413


@pytest.mark.parametrize("address", ["/", "/auth/login", "/api/v1/posts/", "/nothing"])
async def test_other_routes_take_no_more_than_before(sender: Browser, address: str) -> None:
    assert (await sender.post(address, content=b"x" * (MIB + 1))).status_code == 413
    assert (await sender.post(address, content=pieces(MIB + 1))).status_code == 413


async def test_no_more_arrives_than_is_read(sender: Browser, uploading: Broadside) -> None:
    """A client that is faster than the storage waits, with a little in memory."""
    uploading.extensions |= {"asked": asyncio.Event(), "go on": asyncio.Event()}
    sent: list[int] = []

    async def counted() -> AsyncIterator[bytes]:
        async for piece in pieces(LIMIT):
            sent.append(len(piece))
            yield piece

    request = asyncio.create_task(sender.post("/api/waiting", content=counted()))
    await uploading.extensions["asked"].wait()
    for _ in range(1000):
        await asyncio.sleep(0)
    assert MOST_WAITING <= sum(sent) <= MOST_WAITING + 3 * 64 * 1024
    uploading.extensions["go on"].set()
    assert (await request).text == str(LIMIT)


async def test_a_refusal_does_not_wait_for_the_body(sender: Browser) -> None:
    async with asyncio.timeout(20):
        answer = await sender.post("/api/refusing", content=b"x" * LIMIT)
    assert answer.status_code == 403


async def test_a_body_that_pauses_is_given_up(
    sender: Browser, uploading: Broadside, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def paused() -> AsyncIterator[bytes]:
        yield b"x" * 2 * MIB
        await asyncio.Event().wait()

    monkeypatch.setitem(uploading.config, "BODY_TIMEOUT", 0.2)
    async with asyncio.timeout(20):
        answer = await sender.post(RAW, content=paused())
    assert answer.status_code == 408
    assert "too slow, or was interrupted" in answer.json()["detail"]
    assert await nothing_is_stored(uploading)


async def test_a_body_that_trickles_for_ever_is_given_up(
    sender: Browser, uploading: Broadside, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.01)

    monkeypatch.setitem(uploading.config, "BODY_TIMEOUT", 0.5)
    async with asyncio.timeout(10):
        answer = await sender.post("/api/small", content=trickle())
    assert answer.status_code == 408
    assert await nothing_is_stored(uploading)


async def test_uploads_that_never_arrive_block_nobody(
    susan_sends: Browser, uploading: Broadside
) -> None:
    """Neither for a connection to the database nor for a thread of the storage."""
    begun: list[int] = []
    end = asyncio.Event()
    token = await susan_sends.token("/")

    async def half() -> AsyncIterator[bytes]:
        yield form_of({"csrf_token": token}, b"x" * MIB)[:-100]
        begun.append(1)
        await end.wait()

    requests = [
        asyncio.create_task(susan_sends.post(FORM, content=half(), headers=MULTIPART))
        for _ in range(POOL_SIZE + 5)
    ]

    async def all_begun() -> bool:
        return len(begun) == len(requests)

    try:
        await until(all_begun)
        async with asyncio.timeout(20), AsyncExitStack() as stack:
            stranger = await stack.enter_async_context(Browser(uploading))
            assert (await stranger.get("/")).status_code == 200
            assert (await susan_sends.submit("/", {"body": "Meanwhile"})).status_code == 302
            assert (await stranger.post(RAW, content=b"x")).status_code == 200
    finally:
        end.set()
    assert {answer.status_code for answer in await asyncio.gather(*requests)} == {400}


async def test_a_view_cannot_read_an_upload_as_a_whole_by_mistake(
    sender: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await sender.post("/api/wrong", content=b"x")).status_code == 500
    assert "reads its body as a stream" in caplog.text


def part(name: str, value: bytes, more: str = "") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + value + b"\r\n"


def form_of(fields: dict[str, str], file: bytes | None = None, name: str = "a.png") -> bytes:
    """A form as a browser sends it."""
    body = b"".join(part(field, value.encode()) for field, value in fields.items())
    if file is not None:
        body += part("file", file, f'; filename="{name}"\r\nContent-Type: image/png')
    return body + f"--{BOUNDARY}--\r\n".encode()


async def sent(sender: Browser, body: bytes, chunk: int = 0) -> httpx.Response:
    """The answer to a form; where it arrives in chunks, each is of so many bytes."""

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), chunk):
            yield body[start : start + chunk]

    return await sender.post(FORM, content=chunks() if chunk else body, headers=MULTIPART)


@pytest.mark.parametrize("chunk", [0, 1, 7, 4096])
async def test_a_form_has_fields_and_a_file(
    susan_sends: Browser, uploading: Broadside, chunk: int
) -> None:
    file = b"\r\n--a-boundar\r\n--\r\n\0" * 20 + b"\r\n"
    token = await susan_sends.token("/")
    body = form_of({"csrf_token": token, "alt": "Büro", "empty": ""}, file, "../../a b.png")
    answer = await sent(susan_sends, body, chunk)
    assert answer.json() == {
        "csrf_token": token,
        "alt": "Büro",
        "empty": "",
        "file": ["file", "../../a b.png", "image/png", len(file)],
    }
    assert await stored(uploading) == file


async def test_a_form_has_a_large_file(susan_sends: Browser, uploading: Broadside) -> None:
    file = bytes(range(256)) * (3 * MIB // 256)
    body = form_of({"csrf_token": await susan_sends.token("/")}, file)
    assert (await sent(susan_sends, body)).json()["file"][-1] == len(file)
    assert await stored(uploading) == file


async def test_a_form_may_have_no_file(susan_sends: Browser, uploading: Broadside) -> None:
    token = await susan_sends.token("/")
    for body in (
        form_of({"csrf_token": token, "alt": "x"}),
        form_of({"csrf_token": token, "alt": "x"}, b"", name=""),
    ):
        assert (await sent(susan_sends, body)).json() == {"csrf_token": token, "alt": "x"}
    assert await nothing_is_stored(uploading)


@pytest.mark.parametrize("token", [None, "", "wrong", "of somebody else"])
async def test_a_form_without_the_token_is_refused_before_the_file_is_read(
    susan_sends: Browser,
    uploading: Broadside,
    token: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lingering_close, "LINGER_SECONDS", 0.1)
    if token == "of somebody else":
        async with Browser(uploading) as other:
            token = await other.token("/auth/login")
    fields = {} if token is None else {"csrf_token": token}

    async def endless() -> AsyncIterator[bytes]:
        yield form_of(fields, b"x" * MIB)[:-100]
        await asyncio.Event().wait()

    async with asyncio.timeout(10):
        answer = await susan_sends.post(FORM, content=endless(), headers=MULTIPART)
    assert answer.status_code == 400
    assert "This form has expired" in answer.text
    assert await nothing_is_stored(uploading)


async def test_a_form_of_another_site_is_refused(susan_sends: Browser) -> None:
    body = form_of({"csrf_token": await susan_sends.token("/")}, b"x")
    headers = MULTIPART | {"Sec-Fetch-Site": "cross-site"}
    assert (await susan_sends.post(FORM, content=body, headers=headers)).status_code == 400


async def test_a_body_that_is_no_such_form_has_no_token(susan_sends: Browser) -> None:
    token = await susan_sends.token("/")
    headers = {"Content-Type": "image/png", "X-Token": token}
    answer = await susan_sends.post(FORM, content=b"x", headers=headers)
    assert answer.status_code == 400
    assert "This form has expired" in answer.text


async def test_a_form_that_cannot_have_a_file_has_its_fields(susan_sends: Browser) -> None:
    fields = {"csrf_token": await susan_sends.token("/"), "alt": "x"}
    assert (await susan_sends.post(FORM, data=fields)).json() == fields
    too_large = fields | {"alt": "x" * MIB}
    assert (await susan_sends.post(FORM, data=too_large)).status_code == 413


async def test_fields_after_the_file_are_read_and_further_files_are_not(
    susan_sends: Browser, uploading: Broadside
) -> None:
    token = await susan_sends.token("/")
    first = form_of({"csrf_token": token}, b"first")[: -len(BOUNDARY) - 6]
    body = first + form_of({"alt": "x"}, b"second")[: -len(BOUNDARY) - 6] + form_of({"late": "y"})
    for chunk in (0, 1):
        answer = (await sent(susan_sends, body, chunk)).json()
        assert answer["later"] == {"alt": "x", "late": "y"}
        assert await stored(uploading) == b"first"
    too_large = first + form_of({"alt": "x" * (MIB + 1)})
    assert (await sent(susan_sends, too_large)).status_code == 413


WHOLE = form_of({"alt": "x"}, b"y" * 10)
MALFORMED = {
    "nothing": b"",
    "no boundary": b"alt=x",
    "no end": WHOLE[: -len(BOUNDARY) - 8],
    "broken off in a field": form_of({"alt": "x"})[:-30],
    "no name": WHOLE.replace(b'; name="alt"', b""),
    "no disposition": WHOLE.replace(b"Content-Disposition", b"X-Disposition"),
    "a head that is not UTF-8": WHOLE.replace(b'"alt"', b'"\xff"'),
    "a value that is not UTF-8": WHOLE.replace(b"\r\nx\r\n", b"\r\n\xff\r\n"),
    "a NUL": WHOLE.replace(b"\r\nx\r\n", b"\r\n\0\r\n"),
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("chunk", [0, 1])
async def test_a_malformed_form_is_refused(
    susan_sends: Browser, uploading: Broadside, name: str, chunk: int
) -> None:
    """The token of the first form goes before what is malformed."""
    token = part("csrf_token", (await susan_sends.token("/")).encode())
    body = token + MALFORMED[name] if name not in {"nothing", "no boundary"} else MALFORMED[name]
    answer = await sent(susan_sends, body, chunk)
    assert answer.status_code == 400
    assert await nothing_is_stored(uploading)


async def test_a_form_without_a_boundary_is_refused(susan_sends: Browser) -> None:
    for kind in (b"multipart/form-data", b"multipart/form-data; boundary=\xc3\xa4"):
        answer = await susan_sends.post(FORM, content=WHOLE, headers={"Content-Type": kind})
        assert answer.status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"alt": "x" * MIB},
        {f"field{number}": "x" * 1024 for number in range(90)} | {"alt": "x" * (MIB - 80_000)},
        {f"field{number}": "" for number in range(101)},
        {"x" * (MIB + 1): ""},
    ],
)
async def test_fields_may_be_as_large_as_in_any_form(
    susan_sends: Browser, fields: dict[str, str]
) -> None:
    token = {"csrf_token": await susan_sends.token("/")}
    assert (await sent(susan_sends, form_of(token | fields, b"x"))).status_code == 413
    fits = {"alt": "x" * (MIB - 2000)}
    assert (await sent(susan_sends, form_of(token | fits, b"x"))).status_code == 200
