"""Texts are rendered in separate processes, before a transaction starts."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.engines import POOL_SIZE
from blog.core.text.markdown import render_document, render_inline
from blog.core.text.process_pool import OverloadedError, ProcessPool
from blog.core.text.rendering import LARGEST_INLINE, PAUSED, TOO_BUSY, TOO_COMPLEX
from blog.core.web.app import Broadside
from blog.models import Comment, Post, User
from tests.core import work
from tests.core.worst import MARKDOWN, processor_time, search
from tests.servers import until
from tests.support import PASSWORD, Browser

LONG = " ".join(["a text that is too long for the event loop"] * 10)
ENDLESS = f"{LONG} and takes for ever"


@pytest.fixture
async def small_pool(app: Broadside, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A renderer that allows little time, and to which `ENDLESS` is a text without end."""
    pool = ProcessPool(
        ["blog.core.text.markdown"], size=1, cpu_seconds=0.3, wall_seconds=30, longest_queue=2
    )
    run = pool.run

    async def run_or_never_end(
        function: object, source: str, *facts: object, **options: object
    ) -> object:
        if ENDLESS in source:
            return await run(work.backtrack, 60)
        return await run(function, source, *facts, **options)

    monkeypatch.setattr(pool, "run", run_or_never_end)
    monkeypatch.setattr(app.renderer, "pool", pool)
    yield
    app.renderer._pauses.clear()
    await pool.close()


@pytest.fixture
async def post(db: AsyncSession, susan: User) -> Post:
    """A post by Susan."""
    post = Post(author_id=susan.id, body="old", body_html="<p>old</p>", renderer_version=1)
    db.add(post)
    await db.commit()
    return post


@pytest.mark.parametrize(
    ("page", "action"),
    [("/", "/"), ("/", "/preview"), ("/edit/{post}", "/edit/{post}"), ("/post/{post}",) * 2],
)
async def test_a_text_that_takes_too_long_comes_back_with_the_reason(
    small_pool: None, susans_browser: Browser, post: Post, page: str, action: str
) -> None:
    page, action = page.format(post=post.id), action.format(post=post.id)
    answer = await susans_browser.submit(action, {"body": ENDLESS, "version": 1}, page=page)
    assert answer.status_code == 422
    assert str(TOO_COMPLEX) in answer.text
    assert action == "/preview" or f"\n{ENDLESS}</textarea>" in answer.text
    # The next one has to wait, or a writer could keep the processes busy.
    answer = await susans_browser.submit(action, {"body": "*short*", "version": 1}, page=page)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "60"
    assert str(PAUSED) in answer.text
    assert action == "/preview" or "\n*short*</textarea>" in answer.text


async def test_a_program_is_told_as_well(
    small_pool: None, app: Broadside, susan: User, post: Post
) -> None:
    async with Browser(app) as program:
        program.auth = (susan.username, PASSWORD)
        answer = await program.post("/api/v1/posts/", json={"body": ENDLESS})
        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"field": "body", "message": str(TOO_COMPLEX)}]
        for method, url in [
            ("POST", "/api/v1/posts/"), ("PUT", f"/api/v1/posts/{post.id}"),
            ("POST", f"/api/v1/posts/{post.id}/comments/"),
        ]:  # fmt: skip
            answer = await program.request(method, url, json={"body": "short"})
            assert answer.status_code == 429, url
            assert answer.headers["Retry-After"] == "60"


async def test_slow_texts_do_not_delay_other_users(small_pool: None, app: Broadside) -> None:
    slow = [asyncio.create_task(app.renderer.post(ENDLESS, 1)) for _ in range(20)]
    await asyncio.sleep(0)
    assert await app.renderer.post("*short*", 2) == "<p><em>short</em></p>"
    results = await asyncio.gather(*slow, return_exceptions=True)
    assert [str(error) for error in results] == [str(TOO_COMPLEX)] + [str(PAUSED)] * 19


async def test_when_there_is_too_much_to_do_the_text_comes_back(
    app: Broadside, susans_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_arguments: object, **_options: object) -> None:
        raise OverloadedError

    monkeypatch.setattr(app.renderer.pool, "run", refuse)
    answer = await susans_browser.submit("/", {"body": f"*kept* {LONG}"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert str(TOO_BUSY) in answer.text
    assert f"\n*kept* {LONG}</textarea>" in answer.text


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "/"), ("POST", "/preview"), ("POST", "/edit/{post}"), ("POST", "/post/{post}"),
        ("POST", "/comment/{comment}/edit"),
        ("POST", "/api/v1/posts/"), ("PUT", "/api/v1/posts/{post}"),
        ("POST", "/api/v1/posts/{post}/comments/"), ("PATCH", "/api/v1/comments/{comment}"),
    ],
)  # fmt: skip
async def test_texts_that_wait_for_the_renderer_hold_no_connection(
    app: Broadside, susans_browser: Browser, db: AsyncSession, post: Post, susan: User,
    monkeypatch: pytest.MonkeyPatch, method: str, url: str,
) -> None:  # fmt: skip
    comment = Comment(
        author_id=susan.id, post_id=post.id, body="old", body_html="<p>old</p>", renderer_version=1
    )
    db.add(comment)
    await db.commit()
    waiting, end = 0, asyncio.Event()
    run = app.renderer.pool.run

    async def wait_and_run(*arguments: object, **options: object) -> object:
        nonlocal waiting
        waiting += 1
        await end.wait()
        return await run(*arguments, **options)

    async def all_wait() -> bool:
        return waiting == POOL_SIZE + 5

    token = await susans_browser.token("/")
    content = {"body": LONG, "version": "1", "csrf_token": token}
    kind = "json" if "/api/" in url else "data"
    susans_browser.auth = (susan.username, PASSWORD) if kind == "json" else None
    # All are to wait in the pool, not for the last text of the same writer.
    monkeypatch.setattr(app.renderer, "_turns", Turns())
    monkeypatch.setattr(app.renderer.pool, "run", wait_and_run)
    address = url.format(post=post.id, comment=comment.id)
    requests = [
        asyncio.create_task(susans_browser.request(method, address, **{kind: content}))
        for _ in range(POOL_SIZE + 5)
    ]
    try:
        await until(all_wait)
        async with Browser(app) as visitor, asyncio.timeout(20):
            assert (await visitor.get(f"/post/{post.id}")).status_code == 200
            assert (await visitor.get("/readyz")).status_code == 200
    finally:
        end.set()
        answers = await asyncio.gather(*requests)
    assert {answer.status_code for answer in answers} <= {200, 201, 302, 409}


class Turns(dict[int, asyncio.Lock]):
    """No task waits for the lock."""

    def setdefault(self, key: int, default: asyncio.Lock, /) -> asyncio.Lock:
        return default


async def test_nothing_is_locked_while_a_text_is_rendered(
    app: Broadside, db: AsyncSession, susan: User, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    comment = Comment(
        author_id=susan.id, post_id=post.id, body="old", body_html="<p>old</p>", renderer_version=1
    )
    db.add(comment)
    await db.commit()
    looked = []
    run = app.renderer.pool.run

    async def look_and_run(*arguments: object, **options: object) -> object:
        async with app.database.session() as session:
            for table in (Post, Comment):
                await session.execute(select(table).with_for_update(nowait=True))
            looked.append(arguments[1])
        return await run(*arguments, **options)

    monkeypatch.setattr(app.renderer.pool, "run", look_and_run)
    async with Browser(app) as program:
        program.auth = (susan.username, PASSWORD)
        for url in (f"/api/v1/posts/{post.id}", f"/api/v1/comments/{comment.id}"):
            tag = (await program.get(url)).headers["ETag"]
            answer = await program.patch(url, json={"body": LONG}, headers={"If-Match": tag})
            assert answer.status_code == 200, answer.text
            assert answer.json()["body_html"].strip() == f"<p>{LONG}</p>"
    assert looked == [LONG, LONG]


@pytest.mark.parametrize("render", [render_document, render_inline])
def test_the_worst_text_that_is_rendered_in_the_event_loop_takes_milliseconds(
    render: Callable[[str], str],
) -> None:
    """Twenty times what it takes on the machine of 2026, so that a busy one does not fail."""
    fragments = [fragment for fragment in MARKDOWN if fragment != "```"]
    seconds, text = search(processor_time(render), fragments, 64, LARGEST_INLINE)
    assert seconds < 0.1, text


@pytest.mark.parametrize(
    ("source", "is_handed_on"),
    [
        ("x" * LARGEST_INLINE, False),
        ("x" * (LARGEST_INLINE + 1), True),
        ("```perl\nm{\n```", True),
        ("~~~ cpp\nint a;\n~~~", True),
    ],
    ids=["short", "long", "code", "code between tildes"],
)
async def test_short_texts_without_code_are_rendered_in_the_event_loop(
    app: Broadside, monkeypatch: pytest.MonkeyPatch, source: str, is_handed_on: bool
) -> None:
    handed_on = []
    run = app.renderer.pool.run

    async def note_and_run(*arguments: object, **options: object) -> object:
        handed_on.append(arguments[1])
        return await run(*arguments, **options)

    monkeypatch.setattr(app.renderer.pool, "run", note_and_run)
    assert await app.renderer.post(source, 1) == render_document(source)
    assert handed_on == ([source] if is_handed_on else [])
