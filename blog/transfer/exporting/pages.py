"""The page `/auth/export`, where one asks for all one's data and downloads them."""

from quart import Blueprint, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.quotas import CHANGING_ACCOUNT, quota
from blog.core.auth.reauthentication import reauthentication_required
from blog.core.web.app import look_up
from blog.media.sizes import size_text
from blog.transfer.exporting import queries
from blog.transfer.exporting.jobs import KEPT
from blog.transfer.exporting.views import archive_of, ask_once

blueprint = Blueprint("exporting", __name__, url_prefix="/auth/export")


@blueprint.get("")
async def overview() -> ResponseReturnValue:
    """How far an export is, and the archive."""
    exports = await look_up(queries.exports_of, required_viewer().id)
    return await render_template(
        "transfer/export.html", exports=exports, size_text=size_text, kept=KEPT
    )


@blueprint.post("")
@quota(CHANGING_ACCOUNT)
@reauthentication_required
async def ask() -> ResponseReturnValue:
    """Ask for an export. If one is being made, that is what was wanted."""
    await ask_once(required_viewer())
    return redirect(url_for("exporting.overview"))


@blueprint.get("/<id:export_id>")
@reauthentication_required
async def download(export_id: int) -> ResponseReturnValue:
    """Download an archive of one's own."""
    return await archive_of(required_viewer(), export_id)
