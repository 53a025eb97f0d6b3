"""Moderation of comments in the JSON API."""

from quart import Response
from quart_schema import document_response

from blog.comments.api import CommentResource, comment_resource
from blog.core.api.bodies import validate_json
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.responses import json_response
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.text.validation import with_example
from blog.core.web.app import db
from blog.models import Permission, Scope
from blog.moderation import service
from blog.moderation.rules import snapshot_of
from blog.moderation.schemas import RuleForm

blueprint = Resource("moderation", __name__, "Moderation of comments.")


class ModerationReason(RuleForm):
    "The reason for a moderation action, and the number of the rule it is based on, if any."

    model_config = with_example({"reason": "Personal attack", "rule": None})


@blueprint.post("/comments/<id:comment_id>/disable")
@requires_scope(Scope.MODERATE)
@document_response(CommentResource)
@permission_required(Permission.MODERATE)
@validate_json(ModerationReason)
async def disable_comment(data: ModerationReason, comment_id: int) -> Response:
    """Disable a comment.

    Only moderators then see its text. The reason is for those who look into it later.
    """
    rule = snapshot_of(data.rule, is_required=False)
    await service.disable_comment(db(), required_viewer(), comment_id, data.reason, rule)
    return json_response(await comment_resource(comment_id))


@blueprint.post("/comments/<id:comment_id>/enable")
@requires_scope(Scope.MODERATE)
@document_response(CommentResource)
@permission_required(Permission.MODERATE)
@validate_json(ModerationReason)
async def enable_comment(data: ModerationReason, comment_id: int) -> Response:
    """Enable a disabled comment.

    Everybody sees its text again. The reason is for those who look into it later.
    """
    rule = snapshot_of(data.rule, is_required=False)
    await service.enable_comment(db(), required_viewer(), comment_id, data.reason, rule)
    return json_response(await comment_resource(comment_id))
