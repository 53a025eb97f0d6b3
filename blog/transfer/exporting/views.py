"""Functions that the pages and the API share."""

from quart import Response

from blog.core.auth.quotas import EXPORTING, spend
from blog.core.auth.viewer import Viewer
from blog.core.errors import NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.web.app import db, look_up
from blog.core.web.stored_files import stored_file
from blog.transfer.exporting import queries, service
from blog.transfer.exporting.jobs import export_key

IS_GONE = lazy_gettext("This export no longer exists. You can create another one.")


async def request_export(viewer: Viewer) -> None:
    """Request an export, unless one is already running.

    Raises:
        TooManyRequestsError: they have requested too many.
    """
    if not (await look_up(queries.exports_of, viewer.id)).is_running:
        await spend(EXPORTING)
        await service.create_export(db(), viewer.id)


async def archive_response(viewer: Viewer, export_id: int) -> Response:
    """The ZIP file of an export.

    Raises:
        NotFoundError: the export is not ready, not theirs, or deleted.
    """
    export = await look_up(queries.ready_export, viewer.id, export_id)
    if export is None or export.finished_at is None:
        raise NotFoundError(IS_GONE)
    name = f"{viewer.username}-{export.finished_at:%Y-%m-%d}.zip"
    response = await stored_file(export_key(export.name), name=name)
    response.cache_control.no_store = True
    return response
