"""Pages for anonymous visitors, from the cache while nothing that they show has changed."""

from collections.abc import Hashable
from functools import partial
from typing import Any

from quart import render_template, request, session

from blog.core.web.app import current_app
from blog.core.web.headers import is_unlisted
from blog.core.web.themes import theme


async def anonymous_page(template: str, shown: Hashable, **values: Any) -> str:
    """Render a page for an anonymous visitor. A page with flashed messages is not cached.

    Args:
        template: the template. Of the request, it may use only the path, and it has no form that
            changes something.
        shown: everything that the page shows: an immutable value, or a digest
            (`blog.core.web.snapshots`).
        values: its variables.
    """
    if "_flashes" in session:
        return await render_template(template, **values)
    # Without the database, visitors are unknown, and the page has no link to log in.
    key = (
        template,
        request.path,
        is_unlisted(),
        theme(),
        current_app.current_viewer().is_known,
        shown,
    )
    return await current_app.fragments.page(key, partial(render_template, template, **values))
