"""Making the HTML of posts and comments anew, with the renderer of today, while people write.

Rows are taken by their ids, a batch at a time, each in a transaction of its own. A row is only
replaced if its text is still the one that was rendered: an edit meanwhile wins, and has used the
new renderer itself. The version and the time of the last edit stay, as the text does.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.database import Database
from blog.core.text.markdown import RENDERER_VERSION, render_document, render_inline
from blog.models import Comment, Post
from blog.posts.fields import html_columns

Render = Callable[[Callable[[str], str], str], Awaitable[str | None]]


class Kind(NamedTuple):
    """What is stored beside its HTML: what it is called, where it is, and its renderer."""

    name: str
    table: type[Post] | type[Comment]
    render: Callable[[str], str]

    def columns(self, html: str) -> dict[str, Any]:
        """What is stored of the HTML; of a post, also what lists show of it."""
        return html_columns(html) if self.table is Post else {"body_html": html}


KINDS = (Kind("posts", Post, render_document), Kind("comments", Comment, render_inline))


class Rendered(NamedTuple):
    """A row's new HTML, and the digest of the text that it was made of.

    `html` is `None` if the renderer refuses the text today.
    """

    id: int
    digest: bytes
    html: str | None


class Step(NamedTuple):
    """What became of a batch.

    Attributes:
        last_id: every row up to it has been seen to.
        stored: how many rows have new HTML.
        intricate: the ids of those whose text the renderer refuses; they keep what they have.
    """

    last_id: int
    stored: int
    intricate: list[int]


async def last_id(database: Database, kind: Kind) -> int:
    """The end of the way that `rerender` has to go; 0 if there is nothing."""
    async with database.session() as session:
        return await session.scalar(select(func.max(kind.table.id))) or 0


async def rerender(
    database: Database,
    kind: Kind,
    render: Render,
    *,
    batch: int,
    everything: bool = False,
) -> AsyncIterator[Step]:
    """Render anew what an older version of the renderer made, and yield after each batch.

    Stopped and run again, it goes on where it was. The table is read once, along its primary
    key, and no more than a batch is kept in memory.

    Args:
        database: an open database.
        kind: one of `KINDS`.
        render: makes HTML of a text by `kind.render`; `None` if the text is too intricate.
        batch: how many rows are read, rendered, and stored at a time.
        everything: also what the present version has made.
    """
    table, last = kind.table, 0
    oldest_to_keep = RENDERER_VERSION + 1 if everything else RENDERER_VERSION
    while True:
        rows = (
            select(table.id, table.body)
            .where(table.id > last, table.renderer_version < oldest_to_keep)
            .order_by(table.id)
            .limit(batch)
        )
        async with database.session() as session:
            texts = [(id_, body) for id_, body in await session.execute(rows)]
        if not texts:
            return
        rendered = [
            Rendered(id_, hashlib.sha256(body.encode()).digest(), await render(kind.render, body))
            for id_, body in texts
        ]
        async with database.session() as session:
            stored = await _store(session, kind, rendered)
        last = rendered[-1].id
        yield Step(last, stored, [row.id for row in rendered if row.html is None])


async def _store(session: AsyncSession, kind: Kind, rendered: list[Rendered]) -> int:
    """Replace the HTML of the rows whose text is what was rendered; how many there were."""
    table = kind.table
    # Whoever edits one of them waits from here on, or we wait for him and see his text.
    present = (
        select(table.id, func.sha256(func.convert_to(table.body, "UTF8")))
        .where(
            table.id.in_([row.id for row in rendered]), table.renderer_version <= RENDERER_VERSION
        )
        .order_by(table.id)
        .with_for_update(key_share=True)
    )
    digests = dict(tuple(row) for row in await session.execute(present))
    changes = [
        {"id": row.id, **kind.columns(row.html), "renderer_version": RENDERER_VERSION}
        for row in rendered
        if row.html is not None and digests.get(row.id) == row.digest
    ]
    if changes:
        await session.execute(update(table), changes)
    await session.commit()
    return len(changes)
