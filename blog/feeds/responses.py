"""Responses with feeds. For a list of posts, the route of its feed takes three lines:

    found = await …
    page = await read(LIST.texts, requested_cursor(FEED_SIZE), found.id)
    return await feed_of_posts(form, Feed(("tag", found.id), found.name, address, since), page)

`form` is the extension in its URL: `/tag/<tag>/feed.<any(atom, json):form>`. `rel=self` and the
URLs of other pages are derived from the request. Its endpoint belongs into
`blog.core.auth.identity.VIEWER_INDEPENDENT`, because a feed is the same for everyone.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta

from quart import Response, request, url_for

from blog.core.clock import now
from blog.core.db.pagination import Page
from blog.core.errors import NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import current_app, read
from blog.core.web.headers import keep_out_of_indexes
from blog.feeds import atom, json_feed
from blog.feeds.documents import Document
from blog.feeds.entries import Entry, Feed, build_entry, image_names
from blog.feeds.ids import this_site
from blog.media.queries import variant_lengths
from blog.posts.listed import ListedPost, UnreadPost

# Few enough for one response; texts beyond half a megabyte go to the next page.
FEED_SIZE = 20
FORMS = {
    "atom": (atom.MEDIA_TYPE, atom.atom_document, atom.atom_entry),
    "json": (json_feed.MEDIA_TYPE, json_feed.json_document, json_feed.json_entry),
}
OTHER = {"atom": "json", "json": "atom"}
# Building an entry from a longer text takes up to a millisecond.
LONG = 4 * 1024
# A post may be published with a time that is a minute old (`PUBLISH_DUE_POSTS`), so a newer time
# must not become the `Last-Modified` by which clients ask for changes.
SETTLED = timedelta(minutes=2)


async def require_feeds() -> None:
    """Check before each request that the site offers feeds.

    Raises:
        NotFoundError: it does not.
    """
    if not current_app.site.feeds:
        raise NotFoundError(_("This site has no feeds."))


async def feed_of_posts(form: str, feed: Feed, page: Page[ListedPost | UnreadPost]) -> Response:
    """Respond with a page of a list of public posts.

    Args:
        form: `atom` or `json`.
        feed: the feed.
        page: read by `PostList.texts` with a cursor.
    """
    posts = [post for post in page.rows if isinstance(post, ListedPost)]
    names = sorted(set().union(*map(image_names, posts)))
    lengths = await read(variant_lengths, tuple(names)) if names else {}
    site = await this_site()
    entries = [build_entry(post, site, lengths) for post in posts]
    return await feed_response(form, feed, entries, page.next_cursor)


async def feed_response(
    form: str, feed: Feed, entries: Sequence[Entry], next_cursor: str | None
) -> Response:
    """Respond with a page of a feed, or 304 if the reader has it.

    Args:
        form: `atom` or `json`.
        feed: the feed.
        entries: the newest first.
        next_cursor: the start of the next page.
    """
    media_type, whole, part = FORMS[form]
    hub = current_app.settings.websub_hub if feed.is_pushed else None
    site, fragments = await this_site(), current_app.fragments
    of = Document(
        feed=feed,
        id=site.id_of("feed", *feed.key),
        updated=max((entry.updated for entry in entries), default=feed.since),
        here=_address(feed, form, before=request.args.get("before")),
        first=_address(feed, form),
        next=_address(feed, form, before=next_cursor) if next_cursor else None,
        other=_address(feed, OTHER[form]),
        hub=hub,
    )
    parts = []
    for entry in entries:
        parts.append(fragments.cached(part, entry))
        if len(entry.html) > LONG:
            await asyncio.sleep(0)
    body = whole(of, parts).encode()
    response = Response(body, content_type=f"{media_type}; charset=utf-8")
    if hub:
        response.headers["Link"] = f'<{hub}>; rel="hub", <{of.here}>; rel="self"'
    keep_out_of_indexes()  # Search engines should index the pages instead.
    # Scripts on other sites may read it: it has no secrets and needs no cookie.
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.cache_control.public = response.cache_control.no_cache = True
    response.set_etag(hashlib.sha256(body).hexdigest()[:32], weak=True)
    if of.updated < now() - SETTLED:
        response.last_modified = of.updated
    return await response.make_conditional(request)


def _address(feed: Feed, form: str, *, before: str | None = None) -> str:
    """The absolute URL of a page of the requested feed."""
    values = {**(request.view_args or {}), **dict(feed.arguments), "form": form, "before": before}
    return url_for(str(request.endpoint), **values, _external=True)
