"""`/status`: whether the components of the site work."""

from quart import Blueprint, render_template
from quart.typing import ResponseReturnValue

from blog.admin.policies import may_administer
from blog.backups.archiving import archive_state
from blog.backups.records import backup_state
from blog.core.auth.identity import current_viewer
from blog.core.web.app import db
from blog.status.queries import component_states, last_incidents

blueprint = Blueprint("status", __name__)


@blueprint.get("/status")
async def show() -> ResponseReturnValue:
    """Show the components and the last incidents; administrators also see the backups."""
    may_see_backups = may_administer(current_viewer())
    return await render_template(
        "status/show.html",
        components=await component_states(db()),
        incidents=await last_incidents(db()),
        backups=await backup_state(db()) if may_see_backups else None,
        archive=await archive_state(db()) if may_see_backups else None,
    )
