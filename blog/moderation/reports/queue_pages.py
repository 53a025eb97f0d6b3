"""The queue of reports, in which moderators close them."""

import re
from dataclasses import replace

from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form
from blog.core.web.requests import local_address, requested_cursor
from blog.models import Permission, Report
from blog.moderation.reports import queries, service
from blog.moderation.reports.categories import PATTERN, category_label, choices
from blog.moderation.reports.policies import POLICIES
from blog.moderation.reports.schemas import CloseForm, Outcome, RemarkForm

# The id of a report in a URL.
ID = re.compile(r"[0-9]{1,18}", re.ASCII)

CLOSED = {
    (Outcome.RESOLVED, "post"): lazy_gettext("Report about %(name)s's post resolved."),
    (Outcome.RESOLVED, "comment"): lazy_gettext("Report about %(name)s's comment resolved."),
    (Outcome.DISMISSED, "post"): lazy_gettext("Report about %(name)s's post dismissed."),
    (Outcome.DISMISSED, "comment"): lazy_gettext("Report about %(name)s's comment dismissed."),
}

blueprint = Blueprint("report_queue", __name__, url_prefix="/moderate/reports")
for function in (*POLICIES, category_label):
    blueprint.add_app_template_global(function)

moderators_only = permission_required(Permission.MODERATE)


@blueprint.get("")
@moderators_only
async def open_reports() -> ResponseReturnValue:
    """List the open reports, newest first; `?category=` selects a category."""
    return await _list_page(are_open=True)


@blueprint.get("/closed")
@moderators_only
async def closed_reports() -> ResponseReturnValue:
    """List the closed reports, newest first."""
    return await _list_page(are_open=False)


async def _list_page(*, are_open: bool) -> ResponseReturnValue:
    """The page with a list of reports. `?closed=` is the report that the moderator has just closed:
    it keeps its place among the open ones, so that no other card moves under the pointer."""
    wanted = requested_cursor(current_app.settings.comments_per_page)
    category = request.args.get("category", "")
    if not re.fullmatch(PATTERN, category):
        category = ""
    found = await queries.reports(db(), wanted, are_open=are_open, category=category)
    if are_open and (closed := await _find_just_closed()) is not None:
        rows = sorted([*found.rows, closed], key=lambda report: report.id, reverse=True)
        found = replace(found, rows=tuple(rows))
    return await render_template(
        "moderation/reports.html", reports=found, are_open=are_open, category=category,
        categories=_categories(category),
        is_alone=are_open and await queries.decides_alone(db(), required_viewer(), found.rows),
    )  # fmt: skip


def _categories(selected: str) -> list[tuple[str, str]]:
    """The choices of the filter, including a rule that no longer exists while it is selected."""
    found = choices()
    if selected and selected not in dict(found):
        found.append((selected, _("Rule %(number)s", number=selected)))
    return found


async def _find_just_closed() -> Report | None:
    report_id = request.args.get("closed", "")
    if not ID.fullmatch(report_id):
        return None
    report = await queries.report_by_id(db(), int(report_id))
    is_own = report is not None and report.closed_by_id == required_viewer().id
    return report if is_own else None


@blueprint.post("/<id:report_id>/resolve")
@quota(MODERATING)
@moderators_only
async def resolve_report(report_id: int) -> ResponseReturnValue:
    """Close a report as resolved."""
    return await _close_report(report_id, Outcome.RESOLVED)


@blueprint.post("/<id:report_id>/dismiss")
@quota(MODERATING)
@moderators_only
async def dismiss_report(report_id: int) -> ResponseReturnValue:
    """Close a report as dismissed."""
    return await _close_report(report_id, Outcome.DISMISSED)


async def _close_report(report_id: int, outcome: Outcome) -> ResponseReturnValue:
    form = Form(RemarkForm)
    if (data := await form.submitted()) is None:
        raise InvalidFieldsError(form.errors)
    closing = CloseForm(outcome=outcome, reason=data.reason)
    report = await service.close_report(db(), required_viewer(), report_id, closing)
    if report is None:
        await flash(_("Someone else has already closed this report."), "info")
    else:
        done = CLOSED[outcome, "post" if report.post_id else "comment"]
        await flash(str(done.with_values(name=report.about.author.username)), "success")
    return redirect(local_address(request.args.get("next")) or url_for("report_queue.open_reports"))
