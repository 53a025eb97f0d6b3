"""`/admin/answers`: the templates for moderators' messages to people."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import admin_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import db
from blog.core.web.forms import Form
from blog.models import AnswerTemplate
from blog.moderation.answers import queries, service
from blog.moderation.answers.schemas import TemplateForm

blueprint = Blueprint("answers", __name__, url_prefix="/admin/answers")


@blueprint.get("")
@admin_required
async def index() -> ResponseReturnValue:
    """List the templates, with a form for another one."""
    return await _list_page(Form(TemplateForm))


@blueprint.post("")
@quota(MODERATING)
@admin_required
async def add() -> ResponseReturnValue:
    """Add a template: its `name` and `text`."""
    form = Form(TemplateForm)
    if (data := await form.submitted()) is None:
        return await _list_page(form)
    try:
        await service.add_template(db(), required_viewer(), data)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _list_page(form)
    await flash(_("Template added."), "success")
    return redirect(url_for("answers.index"))


async def _list_page(form: Form[TemplateForm]) -> ResponseReturnValue:
    found = await queries.templates(db())
    page = await render_template("admin/answers.html", templates=found, form=form)
    return page, form.status


@blueprint.get("/<id:template_id>")
@admin_required
async def edit(template_id: int) -> ResponseReturnValue:
    """Show the form that changes or deletes a template."""
    found = await _load_template(template_id)
    return await _page(found, Form(TemplateForm, {"name": found.name, "text": found.text}))


@blueprint.post("/<id:template_id>")
@quota(MODERATING)
@admin_required
async def change(template_id: int) -> ResponseReturnValue:
    """Change a template."""
    form = Form(TemplateForm)
    if (data := await form.submitted()) is None:
        return await _page(await _load_template(template_id), form)
    try:
        await service.change_template(db(), required_viewer(), template_id, data)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _page(await _load_template(template_id), form)
    await flash(_("Template changed."), "success")
    return redirect(url_for("answers.index"))


@blueprint.post("/<id:template_id>/delete")
@quota(MODERATING)
@admin_required
async def delete(template_id: int) -> ResponseReturnValue:
    """Delete a template. Messages written with it stay."""
    await service.delete_template(db(), required_viewer(), template_id)
    await flash(_("Template deleted."), "success")
    return redirect(url_for("answers.index"))


async def _load_template(template_id: int) -> AnswerTemplate:
    if (found := await queries.template_by_id(db(), template_id)) is None:
        raise NotFoundError(service.NO_SUCH_TEMPLATE)
    return found


async def _page(template: AnswerTemplate, form: Form[TemplateForm]) -> ResponseReturnValue:
    page = await render_template("admin/answer.html", template=template, form=form)
    return page, form.status
