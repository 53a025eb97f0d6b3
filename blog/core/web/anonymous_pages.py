"""Pages for anonymous visitors, from the cache while nothing that they show has changed."""

from collections.abc import Hashable
from functools import partial
from typing import Any, NamedTuple

from quart import Response, render_template, request, session

from blog.core.web.app import current_app
from blog.core.web.caching import tag_of
from blog.core.web.headers import is_unlisted
from blog.core.web.themes import theme


class _Page(NamedTuple):
    """A page, as it is sent, and its entity tag."""

    content: bytes
    tag: str


async def anonymous_page(template: str, shown: Hashable, **values: Any) -> Response:
    """Render a page for an anonymous visitor. A page with flashed messages is not cached.

    Args:
        template: the template. Of the request, it may use only the path, and it has no form that
            changes something.
        shown: everything that the page shows: an immutable value, or a digest
            (`blog.core.web.snapshots`).
        values: its variables.
    """
    if "_flashes" in session:
        return Response(await render_template(template, **values))
    # Without the database, visitors are unknown, and the page has no link to log in.
    key = (
        template,
        request.path,
        is_unlisted(),
        theme(),
        current_app.current_viewer().is_known,
        shown,
    )
    page = await current_app.fragments.page(key, partial(_render, template, **values))
    response = Response(page.content)
    response.set_etag(page.tag, weak=True)
    return response


async def _render(template: str, **values: Any) -> _Page:
    content = (await render_template(template, **values)).encode()
    return _Page(content, tag_of(content))
