"""The page of a report: claiming and closing it, its author's record, and notes."""

from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import db
from blog.core.web.forms import Form
from blog.core.web.requests import local_address
from blog.models import Permission
from blog.moderation.answers.choice import fill_in_template
from blog.moderation.answers.queries import templates
from blog.moderation.measures.queries import load_record, measures_against
from blog.moderation.notes.queries import notes_about
from blog.moderation.reports import claims, queries, service
from blog.moderation.reports.schemas import CloseForm, Outcome

blueprint = Blueprint("report_handling", __name__, url_prefix="/moderate/reports")

moderators_only = permission_required(Permission.MODERATE)


@blueprint.get("/<id:report_id>")
@moderators_only
async def show(report_id: int) -> ResponseReturnValue:
    """Show a report, with the record of the person it is about."""
    return await _page(report_id, Form(CloseForm))


@blueprint.post("/<id:report_id>")
@quota(MODERATING)
@moderators_only
async def close(report_id: int) -> ResponseReturnValue:
    """Close a report: its `outcome`, a `reason` for moderators, and an `answer` to the reporter.
    The button `use_template` only fills in the answer."""
    form = Form(CloseForm)
    if await fill_in_template(form, "answer"):
        return await _page(report_id, form)
    if (data := await form.submitted()) is None:
        return await _page(report_id, form)
    try:
        report = await service.close_report(db(), required_viewer(), report_id, data)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _page(report_id, form)
    if report is None:
        await flash(_("Someone else has already closed this report."), "info")
    else:
        if data.outcome is Outcome.RESOLVED:
            done = _("Report resolved. We've emailed the person who made it.")
        else:
            done = _("Report dismissed. We've emailed the person who made it.")
        await flash(done, "success")
    return redirect(url_for("report_queue.open_reports"))


@blueprint.post("/<id:report_id>/claim")
@quota(MODERATING)
@moderators_only
async def claim(report_id: int) -> ResponseReturnValue:
    """Claim a report for an hour."""
    try:
        await claims.claim_report(db(), required_viewer(), report_id)
    except InvalidFieldsError as error:
        await flash(error.errors[""], "info")
    return _back(report_id)


@blueprint.post("/<id:report_id>/release")
@quota(MODERATING)
@moderators_only
async def release(report_id: int) -> ResponseReturnValue:
    """Give up a claim."""
    try:
        await claims.release_report(db(), required_viewer(), report_id)
    except InvalidFieldsError as error:
        await flash(error.errors[""], "info")
    return _back(report_id)


def _back(report_id: int) -> ResponseReturnValue:
    way_back = local_address(request.args.get("next"))
    return redirect(way_back or url_for("report_handling.show", report_id=report_id))


async def _page(report_id: int, form: Form[CloseForm]) -> ResponseReturnValue:
    if (report := await queries.report_by_id(db(), report_id)) is None:
        raise NotFoundError(queries.NO_SUCH_REPORT)
    person = report.author
    page = await render_template(
        "moderation/one_report.html",
        report=report,
        is_alone=await queries.decides_alone(db(), required_viewer(), [report]),
        person=person,
        record=await load_record(db(), person),
        measures=await measures_against(db(), person.id),
        notes=await notes_about(db(), person.id),
        templates=await templates(db()) if report.is_open else (),
        form=form,
    )
    return page, form.status
