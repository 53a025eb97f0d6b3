"""Baselines for pages: minimal applications under the same hypercorn.

    /nothing/30000    answers 30,000 bytes
    /newest/30000     asks for the rows of the home page before, and throws them away
    /one/1000         asks for one row of them

An ASGI application; `DATABASE_URL` is the database of those that ask.
"""

import os
from functools import lru_cache
from typing import Any

import asyncpg

# What the pages show of posts and people, of the same rows that they show.
POST = """
    SELECT p.id, p.body_html, length(p.body), p.published_at, p.edited_at, p.comment_count,
           u.id, u.username
    FROM posts p JOIN users u ON u.id = p.author_id
"""
QUERIES = {
    "newest": POST + "WHERE p.status = 'published' AND p.hidden_at IS NULL "
    "ORDER BY p.published_at DESC, p.id DESC LIMIT 21",
    "one": POST + "WHERE p.id = (SELECT min(id) FROM posts)",
}


@lru_cache(maxsize=16)
def body_of(size: int) -> bytes:
    """A text of that many bytes."""
    return b"x" * size


class Floors:
    """The application; its pool of connections is opened and closed with its lifespan."""

    pool: Any

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        _, kind, size = scope["path"].split("/")
        if kind in QUERIES:
            await self.pool.fetch(QUERIES[kind])
        body = body_of(int(size))
        headers = [(b"content-type", b"text/html"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self.pool = await asyncpg.create_pool(
            os.environ["DATABASE_URL"], server_settings={"jit": "off"}
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.pool.close()
        await send({"type": "lifespan.shutdown.complete"})


app = Floors()
