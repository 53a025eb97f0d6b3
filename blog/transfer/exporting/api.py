"""Exports of your own data in the JSON API.

An archive contains data that no token may read, such as the network addresses of sessions, so every
operation needs the password.
"""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field
from quart import Response
from quart_schema import document_response

from blog.core.api.collections import Collection, list_example
from blog.core.api.links import EXAMPLE_ROOT, Links, Url, links
from blog.core.api.operations import CreatedHeaders, Resource, requires_scope
from blog.core.api.responses import Download, json_response
from blog.core.auth.identity import required_viewer
from blog.core.errors import NotFoundError
from blog.core.text.validation import with_example
from blog.core.web.app import db
from blog.models import Export, ExportState, Scope
from blog.transfer.exporting import queries
from blog.transfer.exporting.views import IS_GONE, archive_response, request_export

blueprint = Resource("exports", __name__, "Archives of all your data.")

EXAMPLE = {
    "url": f"{EXAMPLE_ROOT}/me/exports/3",
    "id": 3,
    "state": "ready",
    "archive_url": f"{EXAMPLE_ROOT}/me/exports/3/archive",
    "bytes": 48_213_004,
    "files_done": 214,
    "files_total": 214,
    "created_at": "2026-11-24T09:30:00.250000Z",
    "finished_at": "2026-11-24T09:31:12.500000Z",
}


class ExportResource(BaseModel):
    """An export."""

    model_config = with_example(EXAMPLE)
    PATH_PARAMETER: ClassVar = "export_id"

    url: Url
    id: int
    state: ExportState
    archive_url: Annotated[
        Url | None, Field(description="The ZIP file, once it's ready. Kept for a week.")
    ]
    bytes: Annotated[int | None, Field(description="The size of the ZIP file.")]
    files_done: Annotated[int, Field(description="How many posts and images it has so far.")]
    files_total: Annotated[int | None, Field(description="How many posts and images there are.")]
    created_at: datetime
    finished_at: datetime | None


class ExportList(Collection):
    """Your exports, the newest first."""

    model_config = with_example(list_example("exports", EXAMPLE))

    exports: list[ExportResource]


def resource(export: Export, to: Links) -> ExportResource:
    """An export as the API shows it."""
    is_ready = export.state == ExportState.READY
    return ExportResource(
        url=to.export(export.id),
        id=export.id,
        state=export.state,
        archive_url=f"{to.export(export.id)}/archive" if is_ready else None,
        bytes=export.bytes,
        files_done=export.files_done,
        files_total=export.files_total,
        created_at=export.created_at,
        finished_at=export.finished_at,
    )


@blueprint.get("/me/exports/")
@requires_scope(Scope.READ, password=True)
@document_response(ExportList)
async def list_exports() -> Response:
    """List your exports.

    There are two at most: the last one that is ready, and a newer one that is not, or has failed.
    """
    to = links()
    found = [resource(export, to) for export in await _own_exports()]
    return json_response(ExportList(prev=None, next=None, count=len(found), exports=found))


@blueprint.post("/me/exports/")
@requires_scope(Scope.WRITE, password=True)
@document_response(ExportResource, 202, CreatedHeaders)
async def create_export() -> Response:
    """Create an export of all your data.

    It is created in the background, and you get an email when it is ready. If one is being created,
    that is the answer, so that the request may be repeated, and `Idempotency-Key` is ignored.
    """
    await request_export(required_viewer())
    newest = (await _own_exports())[0]
    to = links()
    return json_response(resource(newest, to), 202, Location=to.export(newest.id))


@blueprint.get("/me/exports/<id:export_id>")
@requires_scope(Scope.READ, password=True)
@document_response(ExportResource)
async def get_export(export_id: int) -> Response:
    """Get one of your exports, to see how far it is."""
    for export in await _own_exports():
        if export.id == export_id:
            return json_response(resource(export, links()))
    raise NotFoundError(IS_GONE)


@blueprint.get("/me/exports/<id:export_id>/archive")
@requires_scope(Scope.READ, password=True)
@document_response(Download)
async def download_export(export_id: int) -> Response:
    """Download an export as a ZIP file.

    A part of it can be requested by `Range`, to resume a download.
    """
    return await archive_response(required_viewer(), export_id)


async def _own_exports() -> list[Export]:
    """The viewer's exports, newest first."""
    exports = await queries.exports_of(db(), required_viewer().id)
    found = [export for export in (exports.current, exports.ready) if export]
    return sorted(found, key=lambda export: export.id, reverse=True)
