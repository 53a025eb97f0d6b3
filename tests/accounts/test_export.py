"""The export is streamed in small chunks, without holding a connection."""

import asyncio
import gzip
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.deletion import export as leaving_export
from blog.accounts.deletion.export import Exports, Section, pieces, sections
from blog.core.web.app import Broadside
from blog.models import Post, User
from tests.accounts.deletions import haunted_site
from tests.servers import serving, until
from tests.support import PASSWORD, Browser, Visitor, add_user


async def content_of(app: Broadside, user: User, *, compress: bool = False) -> Any:
    """The whole document, read."""
    parts = [part async for part in pieces(app.database, user, compress=compress)]
    data = b"".join(parts)
    return json.loads(gzip.decompress(data) if compress else data)


async def test_the_export_does_not_depend_on_the_chunk_size(
    app: Broadside, monkeypatch: Any
) -> None:
    site = await haunted_site(app, posts=7, comments=5, follows=6)
    whole = await content_of(app, site.ghost)
    assert [post["id"] for post in whole["posts"]] == site.ghosts_posts
    assert len(whole["comments"]) == 5
    assert len(whole["followers"]) == len(whole["following"]) == 7
    real = leaving_export.sections
    for size in (1, 2, 7):

        def in_parts(account: User, size: int = size) -> dict[str, Section]:
            return {name: section._replace(size=size) for name, section in real(account).items()}

        monkeypatch.setattr(leaving_export, "sections", in_parts)
        assert await content_of(app, site.ghost) == whole
        assert await content_of(app, site.ghost, compress=True) == whole


def test_no_part_is_large(app: Broadside) -> None:
    longest = {"posts": 65_536, "comments": 8_192, "audit_entries": 4_096}
    for name, section in sections(User(id=1, email="x")).items():
        assert section.size * longest.get(name, 1_000) < 5_000_000, name


async def test_the_first_part_comes_before_anything_is_read(app: Broadside) -> None:
    user = await add_user(app, "susan")
    parts = pieces(app.database, user, compress=True)
    checked_out = app.database.engine.pool.status()
    assert await anext(parts)
    assert app.database.engine.pool.status() == checked_out
    await parts.aclose()


async def test_no_connection_is_held_between_the_parts(app: Broadside) -> None:
    site = await haunted_site(app, posts=120)
    parts = pieces(app.database, site.ghost, compress=False)
    async for _ in parts:
        assert app.database.engine.pool.checkedout() == 0


async def test_a_user_gets_one_export_at_a_time(
    app: Broadside, susans_browser: Browser, susan: User
) -> None:
    running = app.extensions["exports"].begin(susan, compress=False)
    answer = await susans_browser.get("/auth/export")
    assert answer.status_code == 429
    assert "already downloading your data" in answer.text
    assert int(answer.headers["retry-after"]) > 0
    other = await add_user(app, "bob")
    await app.extensions["exports"].begin(other, compress=False).aclose()
    await running.aclose()
    for _ in range(2):
        assert (await susans_browser.get("/auth/export")).status_code == 200


async def test_an_answer_that_was_never_begun_is_in_nobodys_way(
    app: Broadside, susan: User
) -> None:
    exports = Exports(app.database)
    exports.begin(susan, compress=False)
    await exports.begin(susan, compress=False).aclose()


@pytest.mark.live
async def test_a_client_may_read_slowly_or_go_away(
    app: Broadside, db: AsyncSession, database_url: str, tmp_path: Path
) -> None:
    author = await add_user(app, "susan")
    body = "".join(f"{number} " for number in range(10_000))
    await db.execute(
        insert(Post),
        [
            {"author_id": author.id, "body": body, "body_html": "", "renderer_version": 1}
            for _ in range(400)
        ],
    )
    await db.commit()
    async with (
        serving(tmp_path, database_url=database_url) as server,
        Visitor(base_url=server.url, timeout=60) as visitor,
        AsyncExitStack() as connections,
    ):
        await visitor.log_in("susan", PASSWORD)
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        request = (
            f"GET /auth/export HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            f"Cookie: {cookies}\r\nConnection: close\r\n\r\n"
        ).encode()

        async def asked() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
            connections.callback(writer.close)
            writer.write(request)
            return reader, writer

        slow, writer = await asked()
        assert b" 200 " in await slow.readline()
        again, _ = await asked()
        assert b" 429 " in await again.readline(), "the first one waits for its reader"
        writer.close()

        async def is_served() -> bool:
            reader, _ = await asked()
            answer = await reader.read(-1)
            return b" 200 " in answer[:20] and b'"audit_entries": [' in answer

        await until(is_served, seconds=30)
