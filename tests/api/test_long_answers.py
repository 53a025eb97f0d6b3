"""Large responses are streamed in chunks without blocking the event loop, and are not cached."""

import asyncio
import gzip
import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Comment, Post, User
from blog.posts.listed import TEXT_BYTES
from tests.api.support import Client

Meanwhile = Callable[[], Awaitable[None]]

POSTS = 100
LONG = "word & **word** " * 4096
HTML = f"<p>{'word &amp; <strong>word</strong> ' * 2048}</p>"
LONGEST_LAG = 0.05
LEAST_OF_A_STREAM = 100 * len(LONG)
PIECE_OF_MEMORY = 12 * 1024 * 1024


@pytest.fixture
async def long_posts(db: AsyncSession, susan: User) -> None:
    """A hundred posts of 64 KiB, and a hundred comments of 8,000 characters under the last."""
    written = {"renderer_version": 1, "author_id": susan.id}
    post = {"body": LONG, "body_html": HTML, **written}
    await db.execute(insert(Post), [post] * POSTS)
    comment = {"body": "&" * 8000, "body_html": "&amp;" * 8000, "post_id": POSTS, **written}
    await db.execute(insert(Comment), [comment] * 100)
    await db.commit()


class SearchRequest:
    """An answer of the application itself, of which the bytes are kept only if they are wanted.

    Attributes:
        status, headers: what it begins with.
        size: how many bytes have come.
        largest: of one piece.
        body: the bytes.
    """

    def __init__(self, *, keeps: bool) -> None:
        self.status, self.size, self.largest = 0, 0, 0
        self.headers: dict[bytes, bytes] = {}
        self.body = bytearray()
        self._keeps = keeps

    async def take(self, event: dict[str, Any]) -> None:
        """Another part of it."""
        if event["type"] == "http.response.start":
            self.status, self.headers = event["status"], dict(event["headers"])
        else:
            self.size += len(event["body"])
            self.largest = max(self.largest, len(event["body"]))
            if self._keeps:
                self.body += event["body"]


async def ask(app: Broadside, address: str, coding: str = "identity", *, keeps: bool = False,
              method: str = "GET", meanwhile: Meanwhile | None = None, **headers: str,
              ) -> SearchRequest:  # fmt: skip
    """Ask the application without a client that would itself take time on the event loop.

    Args:
        meanwhile: what happens when the answer has begun.
    """
    path, _, query = address.partition("?")
    sent = {"host": "blog.test", "accept-encoding": coding} | headers
    scope = {
        "type": "http", "http_version": "1.1", "asgi": {"version": "3.0"}, "method": method,
        "scheme": "https", "path": path, "raw_path": path.encode(), "root_path": "",
        "query_string": query.encode(), "client": ("127.0.0.1", 1), "server": None, "state": {},
        "headers": [(n.replace("_", "-").encode(), v.encode()) for n, v in sent.items()],
        "extensions": {},
    }  # fmt: skip
    events = [{"type": "http.request", "body": b"", "more_body": False}]
    answer = SearchRequest(keeps=keeps)

    async def receive() -> dict[str, Any]:
        if events:
            return events.pop()
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def send(event: dict[str, Any]) -> None:
        await answer.take(event)
        if event["type"] == "http.response.start" and meanwhile:
            await meanwhile()

    await app(scope, receive, send)  # type: ignore[arg-type]
    return answer


@asynccontextmanager
async def lag() -> AsyncIterator[list[float]]:
    """The longest turn of the event loop, in seconds of its processor time.

    By the clock it would be longer on a busy machine.
    """
    longest = [0.0]

    async def watch() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            longest[0] = max(longest[0], time.thread_time() - before)

    task = asyncio.create_task(watch())
    try:
        yield longest
    finally:
        task.cancel()


@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_nobody_waits_for_a_long_answer(
    app: Broadside, long_posts: None, coding: str
) -> None:
    for address in (
        "/",
        "/user/susan",
        "/post/100",
        "/api/v1/posts/?per_page=100",
        "/api/v1/posts/?per_page=100&cursor=",
        "/api/v1/users/susan/posts/",
        "/api/v1/users/susan/timeline/?per_page=100",
        "/api/v1/comments/?per_page=100",
        "/api/v1/posts/100/comments/?per_page=100&cursor=",
        "/api/openapi.json",
        "/api/docs/swagger-ui-bundle.js",
    ):
        lags: list[float] = []
        # What is done once and kept is done the first time; and another process may disturb.
        while len(lags) < 2 or (lags[-1] >= LONGEST_LAG and len(lags) < 4):
            async with lag() as longest:
                answer = await ask(app, address, coding)
            assert answer.status == 200, address
            lags.append(longest[0])
        assert lags[-1] < LONGEST_LAG, (address, lags)


@pytest.mark.parametrize(
    "address", ["/api/v1/posts/?per_page=100", "/api/v1/comments/?per_page=100", "/post/100"]
)
async def test_a_long_response_takes_little_memory_and_releases_it(
    app: Broadside, long_posts: None, address: str
) -> None:
    await ask(app, "/auth/login")
    await ask(app, address)
    kept = app.fragments.bytes
    tracemalloc.start()
    try:
        answer = await ask(app, address, "gzip")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status == 200
    assert peak < PIECE_OF_MEMORY, peak
    assert app.fragments.bytes == kept


async def test_a_page_of_long_posts_has_all_of_them_and_is_what_the_posts_are(
    app: Broadside, anonymous: Client, long_posts: None
) -> None:
    plain = await ask(app, "/api/v1/posts/?per_page=100", keeps=True)
    packed = await ask(app, "/api/v1/posts/?per_page=100", "gzip", keeps=True)
    assert plain.size > LEAST_OF_A_STREAM
    assert plain.largest < 2 * len(LONG) + len(HTML)
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers[b"content-encoding"] == b"gzip"
    document = json.loads(plain.body)
    assert [post["id"] for post in document["posts"]] == list(range(POSTS, 0, -1))
    assert (document["prev"], document["next"], document["count"]) == (None, None, POSTS)
    for number in (1, 50, POSTS):
        one = (await anonymous.get(f"/posts/{number}")).json()
        assert document["posts"][POSTS - number] == one


async def test_a_walk_through_long_posts_goes_in_short_steps_and_misses_none(
    anonymous: Client, long_posts: None
) -> None:
    ids, following = [], "/posts/?cursor=&per_page=100"
    while following:
        answer = await anonymous.get(following)
        assert len(answer.content) < TEXT_BYTES + 4 * len(LONG)
        ids += [post["id"] for post in answer.json()["posts"]]
        following = answer.json()["next"]
    assert ids == list(range(POSTS, 0, -1))


@pytest.mark.parametrize("name", ["posts", "comments"])
async def test_a_long_answer_has_a_tag_that_changes_with_it(
    app: Broadside, db: AsyncSession, long_posts: None, name: str
) -> None:
    address = f"/api/v1/{name}/?per_page=100"
    table = Post if name == "posts" else Comment
    first, again = await ask(app, address), await ask(app, address)
    tag = first.headers[b"etag"].decode()
    assert again.headers[b"etag"].decode() == tag
    for coding in ("identity", "gzip"):
        named = (await ask(app, address, coding)).headers[b"etag"].decode()
        known = await ask(app, address, coding, if_none_match=named)
        assert (known.status, known.size, known.headers[b"etag"].decode()) == (304, 0, named)
    head = await ask(app, address, method="HEAD")
    assert (head.status, head.size, head.headers[b"etag"].decode()) == (200, 0, tag)
    for change in (
        update(table).where(table.id == 1).values(body="Another text"),
        update(table).where(table.id == 1).values(body_html="<p>Another</p>"),
        update(table).where(table.id == POSTS).values(edited_at=now()),
        delete(table).where(table.id == 2),
    ):
        await db.execute(change)
        await db.commit()
        changed = (await ask(app, address)).headers[b"etag"].decode()
        assert changed != tag
        tag = changed


async def test_a_post_that_is_hidden_while_a_response_is_sent_is_left_out(
    app: Broadside, db: AsyncSession, long_posts: None
) -> None:
    async def hide_first() -> None:
        await db.execute(update(Post).where(Post.id == 1).values(hidden_at=now()))
        await db.commit()

    answer = await ask(app, "/api/v1/posts/?per_page=100", keeps=True, meanwhile=hide_first)
    ids = [post["id"] for post in json.loads(answer.body)["posts"]]
    assert ids == list(range(POSTS, 1, -1))
