"""The page `/auth/export`, where one asks for all one's data and downloads them."""

from quart import Blueprint, Response, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.quotas import CHANGING_ACCOUNT, EXPORTING, quota, spend
from blog.core.errors import NotFoundError
from blog.core.web.app import db, look_up
from blog.core.web.stored_files import stored_file
from blog.media.sizes import size_text
from blog.transfer.exporting import queries, service
from blog.transfer.exporting.jobs import KEPT, export_key

blueprint = Blueprint("exporting", __name__, url_prefix="/auth/export")

IS_GONE = "This export no longer exists. You can create another one."


@blueprint.get("")
async def overview() -> ResponseReturnValue:
    """How far an export is, and the archive."""
    exports = await look_up(queries.exports_of, required_viewer().id)
    return await render_template(
        "transfer/export.html", exports=exports, size_text=size_text, kept=KEPT
    )


@blueprint.post("")
@quota(CHANGING_ACCOUNT)
async def ask() -> ResponseReturnValue:
    """Ask for an export. If one is being made, that is what was wanted."""
    viewer = required_viewer()
    if not (await look_up(queries.exports_of, viewer.id)).is_running:
        await spend(EXPORTING)
        await service.ask_for_export(db(), viewer.id)
    return redirect(url_for("exporting.overview"))


@blueprint.get("/<id:export_id>")
async def download(export_id: int) -> Response:
    """Download an archive of one's own."""
    viewer = required_viewer()
    export = await look_up(queries.ready_export, viewer.id, export_id)
    if export is None or export.finished_at is None:
        raise NotFoundError(IS_GONE)
    name = f"{viewer.username}-{export.finished_at:%Y-%m-%d}.zip"
    response = await stored_file(export_key(export.name), name=name)
    response.cache_control.no_store = True
    return response
