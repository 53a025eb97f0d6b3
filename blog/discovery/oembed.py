"""oEmbed (https://oembed.com): posts within the pages of other sites.

The framed page doesn't depend on the viewer: it is the same for everyone and needs no cookie. Its
links open new windows, because no other page of this site may be framed.
"""

from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup
from quart import Blueprint, Response, abort, render_template, request, url_for
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from blog.core.auth.viewer import ANONYMOUS
from blog.core.errors import NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.text.cleaning import remove_forbidden
from blog.core.web.app import current_app
from blog.core.web.headers import allow_framing, keep_out_of_indexes
from blog.discovery.about import (
    FORMS,
    about_person,
    about_post,
    about_site,
    post_description,
    post_picture,
    post_title,
    shown_name,
)
from blog.models import Post
from blog.posts.reading import readable_post

blueprint = Blueprint("oembed", __name__)
for function in (about_person, about_post, about_site, post_description, post_title):
    blueprint.add_app_template_global(function)

WIDTH, HEIGHT = 600, 320
LEAST_WIDTH, LEAST_HEIGHT = 240, 160
CACHE_SECONDS = 3600
LONGEST_ADDRESS = 2048
IS_NO_POST = lazy_gettext("This URL doesn't belong to a public post.")
UNKNOWN_FORM = lazy_gettext("Please choose json or xml as the format.")
# The endpoints whose pages can be embedded.
EMBEDDABLE = {"site.post"}
FRAME = Markup(
    '<iframe src="{address}" width="{width}" height="{height}" title="{title}" loading="lazy" '
    'style="border:0;max-width:100%" '
    'sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>'
)


@blueprint.get("/oembed")
async def show() -> Response:
    """Describe how to embed a post (`url`), as JSON or XML (`format`)."""
    form = request.args.get("format", "json")
    if form not in FORMS:
        abort(501, str(UNKNOWN_FORM))  # As specified.
    post = await _public_post(request.args.get("url", ""))
    width, height = _size("maxwidth", WIDTH, LEAST_WIDTH), _size("maxheight", HEIGHT, LEAST_HEIGHT)
    frame = FRAME.format(
        address=url_for("oembed.embed", post_id=post.id, _external=True),
        width=width,
        height=height,
        title=post_title(post),
    )
    picture = post_picture(post)
    values: dict[str, Any] = {
        "version": "1.0",
        "type": "rich",
        "title": post_title(post),
        "author_name": shown_name(post.author),
        "author_url": url_for("site.profile", username=post.author.username, _external=True),
        "provider_name": current_app.site.site_name,
        "provider_url": f"{current_app.settings.base_url}/",
        "cache_age": CACHE_SECONDS,
        "html": str(frame),
        "width": width,
        "height": height,
        "thumbnail_url": picture.address,
        "thumbnail_width": picture.width,
        "thumbnail_height": picture.height,
    }
    body = current_app.json.dumps(values) if form == "json" else _xml(values)
    response = Response(body, content_type=f"{FORMS[form]}; charset=utf-8")
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@blueprint.get("/embed/<id:post_id>")
async def embed(post_id: int) -> ResponseReturnValue:
    """Show a post within a frame on another site."""
    keep_out_of_indexes()
    post = await readable_post(post_id, ANONYMOUS)
    allow_framing()
    return await render_template("discovery/embed.html", post=post)


async def _public_post(address: str) -> Post:
    """Find a public post by a current or former URL.

    Raises:
        NotFoundError: there is none.
    """
    post_id = _post_id(address)
    if post_id is None:
        raise NotFoundError(IS_NO_POST)
    try:
        return await readable_post(post_id, ANONYMOUS)
    except NotFoundError:  # Including posts that are hidden now.
        raise NotFoundError(IS_NO_POST) from None


def _post_id(address: str) -> int | None:
    if len(address) > LONGEST_ADDRESS:
        return None
    try:
        parts, base = urlsplit(address), urlsplit(current_app.settings.base_url)
        if (parts.scheme, parts.netloc.lower()) != (base.scheme, base.netloc.lower()):
            return None
        adapter = current_app.url_map.bind(base.netloc, url_scheme=base.scheme)
        endpoint, values = adapter.match(parts.path, method="GET")
    except (NotFound, MethodNotAllowed, RequestRedirect, ValueError):
        return None
    return int(values["post_id"]) if endpoint in EMBEDDABLE else None


def _size(name: str, usual: int, least: int) -> int:
    """The requested maximum size, in pixels; anything but a number is ignored."""
    text = request.args.get(name, "")
    wanted = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else usual
    return max(least, min(usual, wanted))


def _xml(values: dict[str, Any]) -> str:
    root = Element("oembed")
    for name, value in values.items():
        SubElement(root, name).text = remove_forbidden(str(value))
    return '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n' + tostring(
        root, encoding="unicode"
    )
