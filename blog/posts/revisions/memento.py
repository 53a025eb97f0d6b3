"""Earlier texts of a post by their dates: Memento (RFC 7089).

The page of a post is its own TimeGate: a request with `Accept-Datetime` is redirected to the text
of that time (pattern 1.1). `/post/<id>/timemap` lists the texts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from quart import abort, redirect, url_for
from quart.typing import ResponseReturnValue
from werkzeug.http import http_date

from blog.core.errors import NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.web.app import read
from blog.models import Post
from blog.posts.addresses import post_url
from blog.posts.revisions import queries
from blog.posts.revisions.queries import DatedRevision, Revision
from blog.posts.revisions.reading import NO_SUCH_REVISION

ACCEPT_DATETIME = "Accept-Datetime"
LINK_FORMAT = "application/link-format"
# RFC 7089, 2.1.1. Day and month names are English, because no code sets a locale.
_DATE = "%a, %d %b %Y %H:%M:%S GMT"
NOT_A_DATE = lazy_gettext(
    "Accept-Datetime has to be a date such as “Thu, 26 Nov 2026 09:30:00 GMT”."
)


def post_headers(post: Post) -> dict[str, str]:
    """The headers of the page of a post, and of its redirects to earlier texts."""
    if not post.revision:  # No reader has seen a text of it.
        return {}
    return {"Link": ", ".join(_links(post)), "Vary": ACCEPT_DATETIME}


def memento_headers(post: Post, revision: Revision) -> dict[str, str]:
    """The headers of the page that shows an earlier text."""
    return {"Memento-Datetime": http_date(revision.created_at), "Link": ", ".join(_links(post))}


def changes_headers(post: Post, revision: Revision) -> dict[str, str]:
    """The headers of the page about a revision, which link to its text."""
    dated = DatedRevision(revision.number, revision.created_at)
    return {"Link": ", ".join([*_links(post), _memento(post, dated, "memento")])}


async def redirect_to_memento(post: Post, wanted: str) -> ResponseReturnValue:
    """Redirect to the text that a post had at the time in `Accept-Datetime`, or else to the first.

    Raises:
        BadRequest: the header isn't a date.
        NotFoundError: all texts are hidden.
    """
    try:
        time = datetime.strptime(wanted, _DATE).replace(tzinfo=UTC)
    except ValueError:
        abort(400, str(NOT_A_DATE))
    number = await read(queries.revision_number_at, post, time)
    if number is None:
        raise NotFoundError(NO_SUCH_REVISION)
    response = redirect(url_for("revisions.text", post_id=post.id, number=number))
    response.headers.update(post_headers(post))
    return response


def timemap(post: Post, mementos: Sequence[DatedRevision], page: int, pages: int) -> str:
    """Format a page of the list of a post's texts, oldest first (RFC 7089, 5).

    Args:
        mementos: the texts on this page that are not hidden.
        page: the number of the page, from 1.
        pages: the number of pages.
    """
    attributes = ""
    if mementos:
        first, last = (http_date(mementos[end].created_at) for end in (0, -1))
        attributes = f'; from="{first}"; until="{last}"'
    links = [
        f'<{post_url(post, _external=True)}>; rel="original timegate"',
        f'<{_timemap_url(post, page)}>; rel="self"; type="{LINK_FORMAT}"{attributes}',
    ]
    links += (
        f'<{_timemap_url(post, other)}>; rel="timemap"; type="{LINK_FORMAT}"'
        for other in (page - 1, page + 1)
        if 0 < other <= pages
    )
    for index, each in enumerate(mementos, 1):
        rel = "memento"
        if page == pages and index == len(mementos):
            rel = f"last {rel}"
        if page == 1 and index == 1:
            rel = f"first {rel}"
        links.append(_memento(post, each, rel))
    return ",\n".join(links) + "\n"


def _links(post: Post) -> list[str]:
    return [
        f'<{post_url(post, _external=True)}>; rel="original timegate"',
        f'<{_timemap_url(post)}>; rel="timemap"; type="{LINK_FORMAT}"',
    ]


def _timemap_url(post: Post, page: int = 1) -> str:
    number = page if page > 1 else None
    return url_for("revisions.timemap", post_id=post.id, page=number, _external=True)


def _memento(post: Post, dated: DatedRevision, rel: str) -> str:
    url = url_for("revisions.text", post_id=post.id, number=dated.number, _external=True)
    return f'<{url}>; rel="{rel}"; datetime="{http_date(dated.created_at)}"'
