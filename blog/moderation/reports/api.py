"""Reports in the JSON API."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field
from quart import Response
from quart_schema import document_querystring, document_response

from blog.core.api.bodies import validate_json
from blog.core.api.collections import CursorQuery, requested, requested_cursor
from blog.core.api.links import EXAMPLE_ROOT, Links, Url, links, this_url
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.problems import Problem
from blog.core.api.responses import NoContent, json_response, no_content
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import REPORTING, quota
from blog.core.auth.viewer import Viewer
from blog.core.errors import ConflictError, NotFoundError
from blog.core.text.validation import with_example
from blog.core.web.app import current_app, db
from blog.models import Permission, Report, ReportState, Scope
from blog.moderation.reports import claims, queries, service
from blog.moderation.reports.categories import PATTERN
from blog.moderation.reports.policies import may_close_report
from blog.moderation.reports.schemas import ReportClose, ReportCreate
from blog.moderation.schemas import RuleResource

blueprint = Resource("reports", __name__, "Reports to the moderators.")

EXAMPLE: dict[str, Any] = {
    "url": f"{EXAMPLE_ROOT}/moderation/reports/8",
    "id": 8,
    "state": "open",
    "category": "3",
    "rule": {"number": 3, "text": "No advertising"},
    "reason": "The same advertisement again.",
    "reporter": "susan",
    "author": "david",
    "author_url": f"{EXAMPLE_ROOT}/users/4",
    "post_url": f"{EXAMPLE_ROOT}/posts/17",
    "comment_url": None,
    "created_at": "2026-11-24T09:42:10.125000Z",
    "claimed_by": None,
    "closed_at": None,
    "closed_by": None,
    "remark": None,
    "answer": None,
}


class ReportResource(BaseModel):
    """A report, for moderators."""

    model_config = with_example(EXAMPLE)
    PATH_PARAMETER: ClassVar = "report_id"

    url: Url
    id: int
    state: ReportState
    category: Annotated[str, Field(description="`spam`, `other`, or the number of a rule.")]
    rule: Annotated[RuleResource | None, Field(description="The rule, as it was then.")]
    reason: Annotated[
        str | None,
        Field(description="What the reporter wrote. It may be empty, and is null to you if the "
                          "report is about you."),
    ]  # fmt: skip
    reporter: Annotated[
        str | None,
        Field(description="The username of the person who reported it; null to you if the report "
                          "is about you."),
    ]  # fmt: skip
    author: Annotated[str, Field(description="The username of the person it is about.")]
    author_url: Url
    post_url: Annotated[Url | None, Field(description="The reported post.")]
    comment_url: Annotated[Url | None, Field(description="The reported comment.")]
    created_at: datetime
    claimed_by: Annotated[
        str | None, Field(description="The username of the moderator who works on it.")
    ]
    closed_at: datetime | None
    closed_by: Annotated[str | None, Field(description="The moderator who closed it.")]
    remark: Annotated[str | None, Field(description="What they noted for other moderators.")]
    answer: Annotated[str | None, Field(description="What they wrote to the reporter.")]


class ReportList(BaseModel):
    """Reports, the newest first."""

    model_config = with_example({"reports": [EXAMPLE], "next": None})

    reports: list[ReportResource]
    next: Annotated[Url | None, Field(description="The URL of the next page.")]


class ReportQuery(CursorQuery):
    """The query parameters of the list of reports."""

    state: Annotated[
        Literal["open", "closed"], Field(description="Open ones, or those that are closed.")
    ] = "open"
    category: Annotated[
        str | None,
        Field(pattern=PATTERN, description="`spam`, `other`, or the number of a rule."),
    ] = None


def resource(report: Report, to: Links, viewer: Viewer, *, is_alone: bool) -> ReportResource:
    """The representation of a report for a moderator, who may be the one it is about."""
    may_read = may_close_report(viewer, report, is_alone=is_alone)
    return ReportResource(
        url=to.report(report.id),
        id=report.id,
        state=report.state,
        category=report.category,
        rule=RuleResource(**report.rule) if report.rule else None,
        reason=report.reason if may_read else None,
        reporter=report.reporter.username if viewer.id != report.author_id else None,
        author=report.about.author.username,
        author_url=to.user(report.author_id),
        post_url=to.post(report.post_id) if report.post_id else None,
        comment_url=to.comment(report.comment_id) if report.comment_id else None,
        created_at=report.created_at,
        claimed_by=report.claimed_by.username if report.is_claimed and report.claimed_by else None,
        closed_at=report.closed_at,
        closed_by=report.closed_by.username if report.closed_by else None,
        remark=report.remark if may_read else None,
        answer=report.answer if may_read else None,
    )


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


@blueprint.get("/moderation/reports/")
@requires_scope(Scope.MODERATE)
@document_response(ReportList)
@document_querystring(ReportQuery)
@permission_required(Permission.MODERATE)
async def list_reports() -> Response:
    """List the open or the closed reports, the newest first."""
    query = requested(ReportQuery)
    wanted = requested_cursor(current_app.settings.comments_per_page)
    page = await queries.reports(
        db(), wanted, are_open=query.state == "open", category=query.category or ""
    )
    query_values = query.model_dump(
        include={"state", "category", "per_page"}, exclude_defaults=True
    )
    to, viewer = links(), required_viewer()
    is_alone = await queries.decides_alone(db(), viewer, page.rows)
    return json_response(
        ReportList(
            reports=[resource(report, to, viewer, is_alone=is_alone) for report in page.rows],
            next=page.next_cursor and this_url(**query_values, cursor=page.next_cursor),
        )
    )


@blueprint.get("/moderation/reports/<id:report_id>")
@requires_scope(Scope.MODERATE)
@document_response(ReportResource)
@permission_required(Permission.MODERATE)
async def get_report(report_id: int) -> Response:
    """Get a report."""
    return json_response(await _resource(report_id))


@blueprint.put("/moderation/reports/<id:report_id>/claim")
@requires_scope(Scope.MODERATE)
@document_response(ReportResource)
@document_response(Problem, 409)
@permission_required(Permission.MODERATE)
async def claim_report(report_id: int) -> Response:
    """Claim a report for an hour.

    It fails while another moderator has claimed it, and if it is about you, unless you are an
    administrator and nobody else moderates.
    """
    await claims.claim_report(db(), required_viewer(), report_id)
    return json_response(await _resource(report_id))


@blueprint.delete("/moderation/reports/<id:report_id>/claim")
@requires_scope(Scope.MODERATE)
@document_response(ReportResource)
@document_response(Problem, 409)
@permission_required(Permission.MODERATE)
async def release_report(report_id: int) -> Response:
    """Give up your claim of a report."""
    await claims.release_report(db(), required_viewer(), report_id)
    return json_response(await _resource(report_id))


@blueprint.post("/moderation/reports/<id:report_id>/close")
@requires_scope(Scope.MODERATE)
@document_response(ReportResource)
@document_response(Problem, 409)
@permission_required(Permission.MODERATE)
@validate_json(ReportClose)
async def close_report(data: ReportClose, report_id: int) -> Response:
    """Close a report, and tell the person who made it.

    It fails while another moderator has claimed it, if it is closed, and if it is about you, unless
    you are an administrator and nobody else moderates.
    """
    if await service.close_report(db(), required_viewer(), report_id, data) is None:
        raise ConflictError({"": claims.IS_CLOSED})
    return json_response(await _resource(report_id))


async def _resource(report_id: int) -> ReportResource:
    report = await queries.report_by_id(db(), report_id)
    if report is None:
        raise NotFoundError(queries.NO_SUCH_REPORT)
    viewer = required_viewer()
    is_alone = await queries.decides_alone(db(), viewer, [report])
    return resource(report, links(), viewer, is_alone=is_alone)
