"""What moderators do to comments, in the JSON API."""

from quart import Blueprint, Response
from quart_schema import document_response

from blog.comments.api import CommentResource, comment_resource
from blog.core.api.answers import answer
from blog.core.api.bodies import takes
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.web.app import db
from blog.models import Permission
from blog.moderation import service
from blog.moderation.schemas import ReasonForm

# Its name says which scope a token needs (`blog.accounts.api_callers`).
blueprint = Blueprint("moderation", __name__)


class Reason(ReasonForm):
    """Why a moderator does it, for those who look into it later."""


@blueprint.post("/comments/<id:comment_id>/disable")
@document_response(CommentResource)
@permission_required(Permission.MODERATE)
@takes(Reason)
async def disable(data: Reason, comment_id: int) -> Response:
    """Show the text of a comment to nobody but moderators, for a reason. Twice does no harm."""
    await service.disable_comment(db(), required_viewer(), comment_id, data.reason)
    return answer(await comment_resource(comment_id))


@blueprint.post("/comments/<id:comment_id>/enable")
@document_response(CommentResource)
@permission_required(Permission.MODERATE)
@takes(Reason)
async def enable(data: Reason, comment_id: int) -> Response:
    """Show the text of a disabled comment again, for a reason. Twice does no harm."""
    await service.enable_comment(db(), required_viewer(), comment_id, data.reason)
    return answer(await comment_resource(comment_id))
