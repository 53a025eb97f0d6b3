"""`/waiting`: the user's texts that are waiting for a moderator."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_account, required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import WRITING, quota
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import close_db, current_app, db
from blog.core.web.forms import Form
from blog.core.web.headers import keep_private
from blog.core.web.requests import requested_cursor
from blog.models import HeldKind, Permission
from blog.review import queries, service
from blog.review.schemas import HeldTextForm

blueprint = Blueprint("own_held", __name__, url_prefix="/waiting")

PER_PAGE = 20


@blueprint.get("")
async def index() -> ResponseReturnValue:
    """List the texts that are waiting, and those that were recently refused, the newest first."""
    author = required_account()
    keep_private()
    items = await queries.own_items(db(), requested_cursor(PER_PAGE), author.id)
    return await render_template("review/own.html", items=items)


@blueprint.get("/<id:item_id>")
@permission_required(Permission.COMMENT)
async def edit(item_id: int) -> ResponseReturnValue:
    """Show the form with the text of a comment."""
    return await _edit_page(item_id, Form(HeldTextForm))


@blueprint.post("/<id:item_id>")
@quota(WRITING)
@permission_required(Permission.COMMENT)
async def change(item_id: int) -> ResponseReturnValue:
    """Change a comment that is waiting."""
    viewer, form = required_viewer(), Form(HeldTextForm)
    if (data := await form.submitted()) is None:
        return await _edit_page(item_id, form)
    try:
        html = await current_app.renderer.comment(data.body, viewer.id)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _edit_page(item_id, form)
    await service.change_text(db(), viewer, item_id, data.body, html)
    await flash(_("Saved. It's still waiting for a moderator."), "success")
    return _redirect_to_item(item_id)


@blueprint.post("/<id:item_id>/withdraw")
@quota(WRITING)
async def withdraw(item_id: int) -> ResponseReturnValue:
    """Withdraw a comment or an edit."""
    try:
        await service.withdraw(db(), required_viewer(), item_id)
    except NotFoundError as error:
        await flash(str(error), "info")
    else:
        await flash(_("Withdrawn."), "success")
    return redirect(url_for("own_held.index"))


async def _edit_page(item_id: int, form: Form[HeldTextForm]) -> ResponseReturnValue:
    account = required_account()
    await close_db()
    item = await queries.own_item(db(), item_id, account.id)
    if item is None or item.kind == HeldKind.EDIT:
        raise NotFoundError(service.IS_GONE)
    form.values = {"body": item.payload["body"], **form.values}
    page = await render_template("review/edit.html", item=item, form=form)
    return page, form.status


def _redirect_to_item(item_id: int) -> ResponseReturnValue:
    return redirect(url_for("own_held.index", _anchor=f"held-{item_id}"))
