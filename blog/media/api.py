"""`/media/` in the JSON API: the user's own images."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field
from quart import Response
from quart_schema import DataSource, document_headers, document_request, document_response

from blog.core.api.bodies import validate_json
from blog.core.api.collections import (
    Collection,
    list_example,
    list_response,
    paginated,
    requested_page,
)
from blog.core.api.links import EXAMPLE_ROOT, Links, Url, links
from blog.core.api.operations import CreatedHeaders, IfMatch, Resource, requires_scope
from blog.core.api.problems import Problem
from blog.core.api.responses import NoContent, json_response, no_content, require_match
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import UPLOADING, quota
from blog.core.errors import NotFoundError
from blog.core.text.validation import with_example
from blog.core.web.app import current_app, db
from blog.core.web.uploads import takes_upload
from blog.media import queries, service
from blog.media.markdown import markdown_of
from blog.media.schemas import EXAMPLE_OF_TEXTS, MediaForm, MediaUpdate
from blog.media.sizes import variant_path
from blog.media.uploads import LARGEST_UPLOAD, receive
from blog.models import Media, MediaState, Permission, Scope

blueprint = Resource("media", __name__, "Your own images.")

PER_PAGE = 20

NAME = "mfrggzdfmztwq2lknnwg23tpobyxe43u"
IMAGE = f"https://blog.example/media/{NAME}"
EXAMPLE = {
    "url": f"{EXAMPLE_ROOT}/media/5",
    "id": 5,
    "image_url": f"{IMAGE}-1200.webp",
    "markdown": f'![{EXAMPLE_OF_TEXTS["alt"]}](/media/{NAME} "{EXAMPLE_OF_TEXTS["caption"]}")',
    "width": 1200,
    "height": 800,
    **EXAMPLE_OF_TEXTS,
    "state": "ready",
    "colour": "#586878",
    "bytes": 181_204,
    "created_at": "2026-11-24T09:30:00.250000Z",
    "variants": [
        {"url": f"{IMAGE}-480.webp", "width": 480, "height": 320},
        {"url": f"{IMAGE}-960.webp", "width": 960, "height": 640},
        {"url": f"{IMAGE}-1200.webp", "width": 1200, "height": 800},
    ],
}


class VariantResource(BaseModel):
    """An image in one of its sizes."""

    url: Url
    width: int
    height: int


class MediaResource(BaseModel):
    """An image."""

    model_config = with_example(EXAMPLE)
    PATH_PARAMETER: ClassVar = "media_id"

    url: Url
    id: int
    image_url: Annotated[Url, Field(description="The image itself, in its largest size.")]
    markdown: Annotated[str, Field(description="The Markdown to show it in a post.")]
    width: Annotated[int, Field(description="In pixels, of the upload turned upright.")]
    height: int
    alt: str
    caption: str
    state: Annotated[
        MediaState,
        Field(description="While it's `processing`, its URLs show only its colour."),
    ]
    colour: Annotated[str, Field(description="The dominant colour, to show while it loads.")]
    bytes: Annotated[int, Field(description="How much of your quota it uses, in bytes.")]
    created_at: datetime
    variants: Annotated[
        list[VariantResource], Field(description="All sizes as WebP, smallest first.")
    ]


class MediaList(Collection):
    """Your images, the newest first."""

    model_config = with_example(list_example("media", EXAMPLE))

    media: list[MediaResource]


class MediaUsage(BaseModel):
    "How much of your quota you have used."

    model_config = with_example({"count": 1, "bytes": 181_204, "quota": 1_073_741_824})

    count: Annotated[int, Field(description="How many images you have.")]
    bytes: Annotated[int, Field(description="How much space they use, in bytes.")]
    quota: Annotated[int, Field(description="How much space they can use, in bytes.")]


UploadedImage = Annotated[
    bytes,
    Field(
        description="JPEG, PNG, GIF, WebP or AVIF, up to 20 MB and 50 megapixels.",
        json_schema_extra={"format": "binary"},
    ),
]


class MediaUpload(MediaForm):
    """An image with its texts."""

    model_config = with_example({"file": "the bytes of a file", **EXAMPLE_OF_TEXTS})

    file: UploadedImage


def variant_resources(
    name: str, sizes: Iterable[Sequence[int]], to: Links
) -> list[VariantResource]:
    """Build the resources of a file's variants."""
    return [
        VariantResource(url=to.image(variant_path(name, width)), width=width, height=height)
        for width, height in sizes
    ]


def resource(media: Media, to: Links) -> MediaResource:
    """Build the resource of an image, whose file has to be loaded."""
    file = media.file
    variants = variant_resources(file.name, file.variants, to)
    return MediaResource(
        url=to.media(media.id),
        id=media.id,
        image_url=variants[-1].url,
        markdown=markdown_of(media),
        width=file.width,
        height=file.height,
        alt=media.alt,
        caption=media.caption,
        state=file.state,
        colour=f"#{file.colour}",
        bytes=media.bytes,
        created_at=media.created_at,
        variants=variants,
    )


@blueprint.get("/media/")
@requires_scope(Scope.READ)
@paginated(MediaList)
async def list_media() -> Response:
    """List your own images, the newest first."""
    owner_id, wanted = required_viewer().id, requested_page(PER_PAGE)
    used = await queries.usage(db(), owner_id)
    page = await queries.newest(db(), owner_id, wanted, used.number)
    return await list_response(MediaList, page, resource)


@blueprint.post("/media/")
@takes_upload(LARGEST_UPLOAD)
@quota(UPLOADING)
@requires_scope(Scope.WRITE)
@document_response(Problem, 409)
@document_response(MediaResource, 201, CreatedHeaders)
@document_request(MediaUpload, source=DataSource.FORM_MULTIPART)
@permission_required(Permission.WRITE)
async def upload_media() -> Response:
    """Upload an image.

    A file that you have uploaded before is not added again: the answer is what there is, with the
    new texts. So an upload may be repeated, and `Idempotency-Key` is ignored.
    """
    media = await receive(required_viewer())
    to = links()
    return json_response(resource(media, to), 201, Location=to.media(media.id))


@blueprint.get("/media/usage")
@requires_scope(Scope.READ)
@document_response(MediaUsage)
async def get_media_usage() -> Response:
    """Get how much of your quota is used."""
    used = await queries.usage(db(), required_viewer().id)
    limit = current_app.site.media_quota_bytes
    return json_response(MediaUsage(count=used.number, bytes=used.bytes, quota=limit))


@blueprint.get("/media/<id:media_id>")
@requires_scope(Scope.READ)
@document_response(MediaResource)
async def get_media(media_id: int) -> Response:
    """Get one of your own images."""
    return json_response(await _own_resource(media_id))


@blueprint.patch("/media/<id:media_id>")
@requires_scope(Scope.WRITE)
@document_headers(IfMatch)
@document_response(MediaResource)
@validate_json(MediaUpdate)
async def update_media(data: MediaUpdate, media_id: int) -> Response:
    """Update the texts of an image.

    What is left out stays as it is. Posts keep the texts that they have.
    """
    await require_match(db(), Media, media_id, lambda: _own_resource(media_id))
    media = await service.change_media(db(), required_viewer().id, media_id, data)
    return json_response(resource(media, links()))


@blueprint.delete("/media/<id:media_id>")
@requires_scope(Scope.WRITE)
@document_headers(IfMatch)
@document_response(NoContent, 204)
async def delete_media(media_id: int) -> Response:
    "Delete an image. Posts no longer show it."
    await require_match(db(), Media, media_id, lambda: _own_resource(media_id))
    await service.delete_media(db(), required_viewer().id, media_id)
    return no_content()


async def _own_resource(media_id: int) -> MediaResource:
    media = await queries.own_media(db(), required_viewer().id, media_id)
    if media is None:
        raise NotFoundError(service.IS_GONE)
    return resource(media, links())
