"""Sitemaps (https://www.sitemaps.org/protocol.html): an index of files of posts, people and tags.

A file covers a range of ids, so it is found without counting, and stays the same when other rows
are deleted.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from urllib.parse import quote
from xml.sax.saxutils import escape

from quart import Blueprint, Response, url_for
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.database import Database
from blog.core.errors import NotFoundError
from blog.core.text.tags import address_of_tag
from blog.core.web.app import current_app, read
from blog.discovery.queries import (
    FILE,
    ROWS_AT_ONCE,
    IndexedPerson,
    IndexedPost,
    IndexedTag,
    count_files,
    files,
    indexed_people,
    indexed_posts,
    indexed_tags,
)

blueprint = Blueprint("sitemaps", __name__)

_PROLOGUE = '<?xml version="1.0" encoding="utf-8"?>\n'
# The characters that werkzeug leaves unquoted in paths.
UNQUOTED = "!$&'()*+,/:;=@"
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
Indexed = IndexedPost | IndexedPerson | IndexedTag
Query = Callable[[AsyncSession, int, int], Awaitable[Sequence[Indexed]]]
QUERIES: dict[str, Query] = {"posts": indexed_posts, "people": indexed_people, "tags": indexed_tags}


@blueprint.get("/sitemap.xml")
async def index() -> Response:
    """List the files, with the time of the last change to their posts."""
    found = await read(files)
    changes = {"posts": found.posts, "people": [None] * found.people, "tags": [None] * found.tags}
    entries = "".join(
        f"<sitemap><loc>{address}</loc>{_lastmod(changed_at)}</sitemap>\n"
        for kind, of_kind in changes.items()
        for number, changed_at in enumerate(of_kind, 1)
        for address in [url_for("sitemaps.file", kind=kind, number=number, _external=True)]
    )
    text = f'{_PROLOGUE}<sitemapindex xmlns="{_NAMESPACE}">\n{entries}</sitemapindex>\n'
    return Response(text, content_type="application/xml; charset=utf-8")


@blueprint.get("/sitemap/<any(posts, people, tags):kind>-<id:number>.xml")
async def file(kind: str, number: int) -> Response:
    """List the URLs of posts, people or tags, sent while they are read."""
    last = dict(zip(QUERIES, await read(count_files), strict=True))[kind]
    if number > last:
        raise NotFoundError
    pieces = _pieces(current_app.database, current_app.settings.base_url, kind, number)
    return Response(pieces, content_type="application/xml; charset=utf-8")


async def _pieces(database: Database, base: str, kind: str, number: int) -> AsyncIterator[str]:
    """Build a file. No connection is held while a piece is sent."""
    # No file may be empty, and one of them has to list the home page.
    yield f'{_PROLOGUE}<urlset xmlns="{_NAMESPACE}">\n{_entry(f"{base}/")}'
    after, end = (number - 1) * FILE, number * FILE
    while True:
        async with database.reading_session() as session:
            rows = await QUERIES[kind](session, after, end)
        yield "".join(_entry(base + _path(row), row) for row in rows)
        if len(rows) < ROWS_AT_ONCE:
            break
        after = rows[-1].id
    yield "</urlset>\n"


def _path(row: Indexed) -> str:
    """The path of a page; `url_for` would take longer than reading the rows."""
    if isinstance(row, IndexedTag):
        return f"/tag/{quote(address_of_tag(row.name), safe=UNQUOTED)}"
    if isinstance(row, IndexedPerson):
        return f"/user/{row.username}"
    return f"/post/{row.id}/{row.slug}" if row.slug else f"/post/{row.id}"


def _entry(address: str, row: Indexed | None = None) -> str:
    changed = _lastmod(row.changed_at) if isinstance(row, IndexedPost) else ""
    return f"<url><loc>{escape(address)}</loc>{changed}</url>\n"


def _lastmod(changed_at: datetime | None) -> str:
    return f"<lastmod>{changed_at.isoformat(timespec='seconds')}</lastmod>" if changed_at else ""
