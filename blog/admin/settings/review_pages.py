"""`/moderate/review/rules`: the rules for what is held for review, which moderators may change."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.admin.settings import service
from blog.admin.settings.pages import show_conflict, values_of
from blog.admin.settings.schemas import ReviewForm
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.i18n import gettext as _
from blog.core.site_settings.keeper import read_settings
from blog.core.web.app import close_db, current_app, db
from blog.core.web.forms import Form
from blog.models import Permission

blueprint = Blueprint("review_rules", __name__, url_prefix="/moderate/review/rules")
moderators_only = permission_required(Permission.MODERATE)


@blueprint.get("")
@moderators_only
async def show() -> ResponseReturnValue:
    """Show the rules for review."""
    return await _page(Form(ReviewForm))


@blueprint.post("")
@quota(MODERATING)
@moderators_only
async def change() -> ResponseReturnValue:
    """Change the rules that were sent; `version` is the version in which they were read."""
    form, keeper = Form(ReviewForm), current_app.site_settings
    if (data := await form.submitted()) is None:
        return await _page(form)
    try:
        await service.change_settings(
            db(), required_viewer(), keeper.defaults, data.changes(), data.version
        )
    except service.SettingsConflictError as error:
        show_conflict(form, error)
        return await _page(form)
    await close_db()
    await keeper.try_to_load()
    await flash(_("Rules saved."), "success")
    return redirect(url_for("review_rules.show"))


async def _page(form: Form[ReviewForm]) -> tuple[str, int]:
    stored = await read_settings(db(), current_app.site_settings.defaults)
    form.values = values_of(stored) | dict(form.values)
    return await render_template("admin/settings/review.html", form=form), form.status
