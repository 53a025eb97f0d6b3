"""The page `/auth/export`, where people request and download all their data."""

from quart import Blueprint, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.quotas import CHANGING_ACCOUNT, quota
from blog.core.auth.reauthentication import reauthentication_required
from blog.core.web.app import look_up
from blog.media.sizes import size_text
from blog.transfer.exporting import queries
from blog.transfer.exporting.jobs import KEPT_FOR
from blog.transfer.exporting.views import archive_response, request_export

blueprint = Blueprint("exporting", __name__, url_prefix="/auth/export")


@blueprint.get("")
async def overview() -> ResponseReturnValue:
    """Show the progress of an export, and a link to the archive."""
    exports = await look_up(queries.exports_of, required_viewer().id)
    return await render_template(
        "transfer/export.html", exports=exports, size_text=size_text, kept=KEPT_FOR
    )


@blueprint.post("")
@quota(CHANGING_ACCOUNT)
@reauthentication_required
async def ask() -> ResponseReturnValue:
    """Request an export, unless one is already running."""
    await request_export(required_viewer())
    return redirect(url_for("exporting.overview"))


@blueprint.get("/<id:export_id>")
@reauthentication_required
async def download(export_id: int) -> ResponseReturnValue:
    """Download one of your own archives."""
    return await archive_response(required_viewer(), export_id)
