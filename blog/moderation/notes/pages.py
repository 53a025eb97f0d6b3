"""The form for a note, on the pages of a person and of a report."""

from quart import Blueprint, flash, redirect, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.core.web.app import db
from blog.core.web.forms import Form
from blog.core.web.requests import local_address
from blog.models import Permission
from blog.moderation.notes import service
from blog.moderation.notes.schemas import NoteForm

blueprint = Blueprint("moderator_notes", __name__, url_prefix="/moderate/people")


@blueprint.post("/<id:user_id>/notes")
@quota(MODERATING)
@permission_required(Permission.MODERATE)
async def add(user_id: int) -> ResponseReturnValue:
    """Add a note about a person: its `text`, and perhaps the `report` that it's about."""
    form = Form(NoteForm)
    if (data := await form.submitted()) is None:
        raise InvalidFieldsError(form.errors)
    await service.add_note(db(), required_viewer(), user_id, data)
    await flash(_("Note added. Only moderators can see it."), "success")
    way_back = local_address(request.args.get("next"))
    return redirect(way_back or url_for("measures.person", user_id=user_id))
