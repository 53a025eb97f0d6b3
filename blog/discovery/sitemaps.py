"""Sitemaps (https://www.sitemaps.org/protocol.html): an index of files of posts and of people.

A file has the rows with the ids of a range, so it is found without counting, and stays the same
when others are deleted.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from quart import Blueprint, Response, url_for
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.database import Database
from blog.core.errors import NotFoundError
from blog.core.web.app import current_app, read
from blog.discovery.queries import (
    FILE,
    ROWS_AT_ONCE,
    IndexedPerson,
    IndexedPost,
    indexed_people,
    indexed_posts,
    numbers_of_files,
)

blueprint = Blueprint("sitemaps", __name__)

_PROLOGUE = '<?xml version="1.0" encoding="utf-8"?>\n'
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
Query = Callable[[AsyncSession, int, int], Awaitable[Sequence[IndexedPost | IndexedPerson]]]
QUERIES: dict[str, Query] = {"posts": indexed_posts, "people": indexed_people}


@blueprint.get("/sitemap.xml")
async def index() -> Response:
    """The files."""
    posts, people = await read(numbers_of_files)
    addresses = [
        url_for("sitemaps.file", kind=kind, number=number, _external=True)
        for kind, last in (("posts", posts), ("people", people))
        for number in range(1, last + 1)
    ]
    entries = "".join(f"<sitemap><loc>{address}</loc></sitemap>\n" for address in addresses)
    text = f'{_PROLOGUE}<sitemapindex xmlns="{_NAMESPACE}">\n{entries}</sitemapindex>\n'
    return Response(text, content_type="application/xml; charset=utf-8")


@blueprint.get("/sitemap/<any(posts, people):kind>-<id:number>.xml")
async def file(kind: str, number: int) -> Response:
    """The addresses of posts or people, sent while they are read."""
    last = dict(zip(QUERIES, await read(numbers_of_files), strict=True))[kind]
    if number > last:
        raise NotFoundError
    pieces = _pieces(current_app.database, current_app.settings.base_url, kind, number)
    return Response(pieces, content_type="application/xml; charset=utf-8")


async def _pieces(database: Database, base: str, kind: str, number: int) -> AsyncIterator[str]:
    """A file. No connection is held while a piece is sent."""
    # No file may be empty, and the home page belongs into some.
    yield f'{_PROLOGUE}<urlset xmlns="{_NAMESPACE}">\n{_entry(f"{base}/")}'
    after, end = (number - 1) * FILE, number * FILE
    while True:
        async with database.reading_session() as session:
            rows = await QUERIES[kind](session, after, end)
        yield "".join(
            _entry(f"{base}/post/{row.id}{f'/{row.slug}' if row.slug else ''}", row)
            if isinstance(row, IndexedPost)
            else _entry(f"{base}/user/{row.username}")
            for row in rows
        )
        if len(rows) < ROWS_AT_ONCE:
            break
        after = rows[-1].id
    yield "</urlset>\n"


def _entry(address: str, post: IndexedPost | None = None) -> str:
    """An entry. Addresses of this site have no characters that have to be escaped."""
    changed = post and f"<lastmod>{post.changed_at.isoformat(timespec='seconds')}</lastmod>"
    return f"<url><loc>{address}</loc>{changed or ''}</url>\n"
