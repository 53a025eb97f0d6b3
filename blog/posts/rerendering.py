"""Render posts, their revisions and comments again with a new version of the renderer, while the
site is in use.

A job does this after an update (`blog.posts.jobs`); `blog rerender` does it at once. Rows are read
in order of their ids, in batches, each with its own transaction. A row is updated only if its text
is still the one that was rendered: a concurrent edit wins, and has used the new renderer. The text,
its version and the time of the last edit don't change.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.database import Database
from blog.core.purging.keys import SITE
from blog.core.purging.marks import mark
from blog.core.text.markdown import RENDERER_VERSION, render_document, render_inline
from blog.models import Comment, Mention, Post, PostRevision
from blog.posts.fields import html_columns
from blog.posts.mentions import WrittenText, note_mentions

# Ids that a statement looks through, which keeps it short where nothing is old.
WINDOW = 10_000

Render = Callable[[Callable[[str], str], str], Awaitable[str | None]]


class Kind(NamedTuple):
    """A kind of rows with HTML: its name, table and renderer."""

    name: str
    table: type[Post] | type[PostRevision] | type[Comment]
    render: Callable[[str], str]

    def columns(self, html: str) -> dict[str, Any]:
        """The columns to store: the HTML, and for posts also the excerpt."""
        return html_columns(html) if self.table is Post else {"body_html": html}


KINDS = (
    Kind("posts", Post, render_document),
    Kind("revisions", PostRevision, render_document),
    Kind("comments", Comment, render_inline),
)


class Rendered(NamedTuple):
    """The new HTML of a row, and the digest of the text it was rendered from.

    Attributes:
        html: `None` if the renderer refuses the text.
    """

    id: int
    digest: bytes
    html: str | None


class Step(NamedTuple):
    """The result of a batch.

    Attributes:
        last_id: all rows up to this id have been processed.
        stored: the number of updated rows.
        too_complex: the ids of rows whose text the renderer refuses; they keep their HTML.
    """

    last_id: int
    stored: int
    too_complex: list[int]


async def last_id(database: Database, kind: Kind) -> int:
    """The last id that `rerender` will reach; 0 if there are no rows."""
    async with database.session() as session:
        return await session.scalar(select(func.max(kind.table.id))) or 0


async def rerender(
    database: Database,
    kind: Kind,
    render: Render,
    *,
    batch: int,
    after: int = 0,
    everything: bool = False,
) -> AsyncIterator[Step]:
    """Render rows again that an older version of the renderer made; yields after each batch.

    After an interruption it resumes where it stopped. The table is read once, in order of the
    primary key, with one batch in memory. Rows written meanwhile are left out.

    Args:
        database: an open database.
        kind: the kind, one of `KINDS`.
        render: renders a text with `kind.render`; returns `None` if the text is too complex.
        batch: the number of rows per batch.
        after: the id of the row to start after.
        everything: whether to include rows of the current version.
    """
    table, last, end = kind.table, after, await last_id(database, kind)
    first_current_version = RENDERER_VERSION + 1 if everything else RENDERER_VERSION
    while last < end:
        window = table.id.between(last + 1, last + WINDOW)
        # This leaves out current revisions, whose text is the post's and which have no version.
        rows = (
            select(table.id, table.body)
            .where(window, table.renderer_version < first_current_version)
            .order_by(table.id)
            .limit(batch)
        )
        async with database.session() as session:
            texts = [(id_, body or "") for id_, body in await session.execute(rows)]
        rendered, stored = await _render(database, kind, render, texts)
        last = rendered[-1].id if len(rendered) == batch else min(last + WINDOW, end)
        yield Step(last, stored, [row.id for row in rendered if row.html is None])


async def _render(
    database: Database, kind: Kind, render: Render, texts: Sequence[tuple[int, str]]
) -> tuple[list[Rendered], int]:
    """Render texts, and store those that haven't changed; returns the number of these as well."""
    rendered = [
        Rendered(id_, hashlib.sha256(body.encode()).digest(), await render(kind.render, body))
        for id_, body in texts
    ]
    async with database.session() as session:
        return rendered, await _store(session, kind, rendered) if rendered else 0


async def _store(session: AsyncSession, kind: Kind, rendered: list[Rendered]) -> int:
    """Update the rows whose text hasn't changed; returns their number."""
    table = kind.table
    # From here on a concurrent edit waits; an earlier one makes us wait, and we see its text.
    unchanged = (
        select(table.id, func.sha256(func.convert_to(table.body, "UTF8")))
        .where(
            table.id.in_([row.id for row in rendered]), table.renderer_version <= RENDERER_VERSION
        )
        .order_by(table.id)
        .with_for_update(key_share=True)
    )
    digests = dict(tuple(row) for row in await session.execute(unchanged))
    changes = [
        {"id": row.id, **kind.columns(row.html), "renderer_version": RENDERER_VERSION}
        for row in rendered
        if row.html is not None and digests.get(row.id) == row.digest
    ]
    if changes:
        await session.execute(update(table), changes)
        await mark(session, SITE)
        await note_mentions(session, [*_written_texts(kind, changes)], are_old=True)
    await session.commit()
    return len(changes)


def _written_texts(kind: Kind, changes: Sequence[dict[str, Any]]) -> Iterator[WrittenText]:
    """Yield the texts whose mentions are recorded, which are not those of revisions."""
    for row in changes:
        if kind.table is Post:
            yield WrittenText(row["body_html"], post_id=row["id"])
        elif kind.table is Comment:
            yield WrittenText(row["body_html"], comment_id=row["id"])


async def rerender_lost_mentions(database: Database, render: Render, *, batch: int) -> bool:
    """Render some texts again that mention people who are gone or have changed their names.

    Returns:
        Whether there were any such texts.
    """
    lost = select(Mention.id, Mention.post_id, Mention.comment_id).where(Mention.user_id.is_(None))
    async with database.session() as session:
        rows = (await session.execute(lost.order_by(Mention.id).limit(batch))).all()
    posts = {row.post_id for row in rows if row.comment_id is None}
    comments = {row.comment_id for row in rows if row.comment_id is not None}
    has_text = PostRevision.body.is_not(None)
    for kind, which in zip(
        KINDS,
        (Post.id.in_(posts), PostRevision.post_id.in_(posts) & has_text, Comment.id.in_(comments)),
        strict=True,
    ):
        last = 0
        while True:
            table = kind.table
            batch_rows = (
                select(table.id, table.body).where(which, table.id > last).order_by(table.id)
            )
            async with database.session() as session:
                texts = (await session.execute(batch_rows.limit(batch))).all()
            if not texts:
                break
            last = texts[-1].id
            await _render(database, kind, render, [(id_, body or "") for id_, body in texts])
    async with database.session() as session:
        await session.execute(delete(Mention).where(Mention.id.in_([row.id for row in rows])))
        await session.commit()
    return bool(rows)
