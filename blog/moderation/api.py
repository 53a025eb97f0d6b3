"""What moderators do to comments, in the JSON API."""

from quart import Blueprint, Response
from quart_schema import document_response

from blog.comments.api import CommentResource, comment_resource
from blog.core.api.bodies import validate_json
from blog.core.api.responses import json_response
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.web.app import db
from blog.models import Permission
from blog.moderation import service
from blog.moderation.schemas import ReasonForm

# Its name says which scope a token needs (`blog.accounts.api_callers`).
blueprint = Blueprint("moderation", __name__)


class ModerationReason(ReasonForm):
    """Why a moderator does it, for those who look into it later."""


@blueprint.post("/comments/<id:comment_id>/disable")
@document_response(CommentResource)
@permission_required(Permission.MODERATE)
@validate_json(ModerationReason)
async def disable_comment(data: ModerationReason, comment_id: int) -> Response:
    """Disable a comment.

    Only moderators then see its text. The reason is for those who look into it later."""
    await service.disable_comment(db(), required_viewer(), comment_id, data.reason)
    return json_response(await comment_resource(comment_id))


@blueprint.post("/comments/<id:comment_id>/enable")
@document_response(CommentResource)
@permission_required(Permission.MODERATE)
@validate_json(ModerationReason)
async def enable_comment(data: ModerationReason, comment_id: int) -> Response:
    """Enable a disabled comment.

    Everybody sees its text again. The reason is for those who look into it later."""
    await service.enable_comment(db(), required_viewer(), comment_id, data.reason)
    return json_response(await comment_resource(comment_id))
