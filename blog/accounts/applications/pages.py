"""`/admin/applications`: the people who have applied for an account."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.applications import queries, service
from blog.accounts.applications.schemas import RefusalForm
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import admin_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.errors import NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form
from blog.core.web.requests import requested_page

blueprint = Blueprint("applications", __name__, url_prefix="/admin/applications")

PER_PAGE = 30


@blueprint.get("")
@admin_required
async def index() -> ResponseReturnValue:
    """List the pending applications, the oldest first."""
    page = await queries.waiting(db(), requested_page(PER_PAGE))
    return await render_template("admin/applications.html", page=page)


@blueprint.post("/<id:user_id>/approve")
@quota(MODERATING)
@admin_required
async def approve(user_id: int) -> ResponseReturnValue:
    """Let an applicant in."""
    try:
        user = await service.approve(db(), required_viewer(), user_id, current_app.links)
    except NotFoundError as error:
        await flash(str(error), "info")
    else:
        await flash(_("%(name)s is in. We've emailed them.", name=user.username), "success")
    return redirect(url_for("applications.index"))


@blueprint.get("/<id:user_id>/refuse")
@admin_required
async def ask_to_refuse(user_id: int) -> ResponseReturnValue:
    """Ask for the reason."""
    return await _refusal_page(user_id, Form(RefusalForm))


@blueprint.post("/<id:user_id>/refuse")
@quota(MODERATING)
@admin_required
async def refuse(user_id: int) -> ResponseReturnValue:
    """Refuse an application."""
    form = Form(RefusalForm)
    if (data := await form.submitted()) is None:
        return await _refusal_page(user_id, form)
    try:
        username = await service.refuse(db(), required_viewer(), user_id, data.reason)
    except NotFoundError as error:
        await flash(str(error), "info")
    else:
        await flash(
            _("%(name)s's application has been declined. We've emailed them.", name=username),
            "success",
        )
    return redirect(url_for("applications.index"))


async def _refusal_page(user_id: int, form: Form[RefusalForm]) -> ResponseReturnValue:
    application = await queries.application_of(db(), user_id)
    if application is None:
        raise NotFoundError(service.IS_DECIDED)
    page = await render_template("admin/refuse.html", application=application, form=form)
    return page, form.status
