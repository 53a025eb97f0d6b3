"""Serving images: the same for everyone, and cached forever."""

from quart import Blueprint, Response

from blog.core.errors import NotFoundError
from blog.core.web.app import read
from blog.core.web.stored_files import stored_file
from blog.media import queries
from blog.media.sizes import NAME, variant_key
from blog.models import MediaState

blueprint = Blueprint("media_files", __name__)

YEAR = 31_536_000
# If a browser is tricked into showing an image as a document, the document has no rights.
POLICY = "default-src 'none'; sandbox"


@blueprint.get("/media/<name>")
async def show(name: str) -> Response:
    """An image in its largest size: the URL in Markdown."""
    return await _image_response(name, None)


@blueprint.get("/media/<name>-<int:width>.webp")
async def show_variant(name: str, width: int) -> Response:
    """An image in one of its sizes."""
    return await _image_response(name, width)


async def _image_response(name: str, width: int | None) -> Response:
    file = await read(queries.file_by_name, name) if NAME.fullmatch(name) else None
    if file is None or file.state == MediaState.FAILED:
        raise NotFoundError
    widths = [variant[0] for variant in file.variants]
    if width is None:
        width = widths[-1]
    if width not in widths:
        raise NotFoundError
    if file.state == MediaState.PROCESSING:
        response = Response(_build_placeholder(file.colour), content_type="image/gif")
        response.cache_control.no_store = True
    else:
        response = await stored_file(variant_key(file.name, file.generation, width))
        response.cache_control.no_cache = response.cache_control.private = None
        response.cache_control.public = response.cache_control.immutable = True
        response.cache_control.max_age = YEAR
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _build_placeholder(colour: str) -> bytes:
    """Build a GIF of one pixel (GIF89a specification), which browsers scale to the size in the
    page."""
    palette = bytes.fromhex(colour) + bytes(3)
    screen = b"\x01\0\x01\0\x80\0\0"
    return b"GIF89a" + screen + palette + b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
