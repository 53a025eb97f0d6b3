"""Reports in the JSON API."""

from quart import Response
from quart_schema import document_response

from blog.core.api.bodies import validate_json
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.responses import NoContent, no_content
from blog.core.auth.identity import required_viewer
from blog.core.auth.quotas import REPORTING, quota
from blog.core.web.app import db
from blog.models import Scope
from blog.moderation.reports import service
from blog.moderation.reports.schemas import ReportCreate

blueprint = Resource("reports", __name__, "Reports to the moderators.")


@blueprint.post("/posts/<id:post_id>/report")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
@quota(REPORTING)
@validate_json(ReportCreate)
async def report_post(data: ReportCreate, post_id: int) -> Response:
    """Report a post to the moderators.

    Nobody else sees that you've reported it. Reporting it again changes nothing.
    """
    await service.report_post(db(), required_viewer(), post_id, data)
    return no_content()


@blueprint.post("/comments/<id:comment_id>/report")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
@quota(REPORTING)
@validate_json(ReportCreate)
async def report_comment(data: ReportCreate, comment_id: int) -> Response:
    """Report a comment to the moderators.

    Nobody else sees that you've reported it. Reporting it again changes nothing.
    """
    await service.report_comment(db(), required_viewer(), comment_id, data)
    return no_content()
