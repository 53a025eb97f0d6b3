"""`/admin/settings`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.admin.settings import service
from blog.admin.settings.schemas import SettingsForm
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import admin_required
from blog.core.auth.quotas import MODERATING, UPLOADING, quota
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.site_settings.keeper import read_settings
from blog.core.site_settings.values import SiteSettings
from blog.core.web.app import close_db, current_app, db
from blog.core.web.forms import Form
from blog.core.web.uploads import takes_upload
from blog.media.uploads import LARGEST_UPLOAD, receive

blueprint = Blueprint("site_settings", __name__, url_prefix="/admin/settings")

PAGES = ("about", "rules", "privacy", "contact")


@blueprint.get("")
@admin_required
async def show() -> ResponseReturnValue:
    """Show all settings."""
    return await _page(Form(SettingsForm))


@blueprint.post("")
@quota(MODERATING)
@admin_required
async def change() -> ResponseReturnValue:
    """Change the settings that were sent; `version` is the version in which they were read."""
    form, viewer, keeper = Form(SettingsForm), required_viewer(), current_app.site_settings
    data = await form.submitted()
    if data is not None:
        changes = data.changes()
        try:
            await _check_texts(changes, viewer.id)
            await service.change_settings(db(), viewer, keeper.defaults, changes, data.version)
        except InvalidFieldsError as error:
            form.refuse(error)
        except service.SettingsConflictError as error:
            return await _conflict(form, error)
        else:
            return await _apply_and_redirect(request.args.get("section", ""))
    return await _page(form)


@blueprint.post("/logo")
@takes_upload(LARGEST_UPLOAD)
@quota(UPLOADING)
@admin_required
async def upload_logo() -> ResponseReturnValue:
    """Use an uploaded image as the logo."""
    viewer, keeper = required_viewer(), current_app.site_settings
    form = Form(SettingsForm)
    try:
        media = await receive(viewer)
        await service.change_logo(db(), viewer, keeper.defaults, media.name)
    except InvalidFieldsError as error:
        form.refuse(error)
    except NotFoundError as error:
        form.refuse(InvalidFieldsError({"file": str(error)}))
    else:
        return await _apply_and_redirect("look")
    return await _page(form)


@blueprint.post("/logo/remove")
@quota(MODERATING)
@admin_required
async def remove_logo() -> ResponseReturnValue:
    """Remove the logo."""
    await service.change_logo(db(), required_viewer(), current_app.site_settings.defaults, None)
    return await _apply_and_redirect("look")


async def _apply_and_redirect(section: str) -> ResponseReturnValue:
    """Apply the change in this process at once; other processes are notified."""
    await close_db()
    await current_app.site_settings.try_to_load()
    await flash(_("Settings saved."), "success")
    return redirect(url_for("site_settings.show", _anchor=section or None))


async def _check_texts(changes: Mapping[str, Any], viewer_id: int) -> None:
    """Render the pages once, to refuse a text that is too expensive to render.

    Raises:
        InvalidFieldsError: one of them is.
        BusyError: the site is overloaded.
    """
    for name in PAGES:
        if text := changes.get(name):
            try:
                await current_app.renderer.post(text, viewer_id)
            except InvalidFieldsError as error:
                error.errors = dict.fromkeys([name], str(error))
                raise


async def _conflict(
    form: Form[SettingsForm], error: service.SettingsConflictError
) -> ResponseReturnValue:
    show_conflict(form, error)
    return await _page(form)


def show_conflict(form: Form[Any], error: service.SettingsConflictError) -> None:
    """Show the form with both values. Sending it again replaces those that someone else saved."""
    now = values_of(error.current)
    form.errors = {
        name: _(
            "Someone else has changed this in the meantime. It's now: %(value)s",
            value=now[name] or _("(empty)"),
        )
        for name in error.names
    }
    form.refusal = 409
    form.values = {**form.values, "version": now["version"]}


async def _page(form: Form[SettingsForm]) -> tuple[str, int]:
    """Show all settings as typed, or else as stored."""
    stored = await read_settings(db(), current_app.site_settings.defaults)
    form.values = values_of(stored) | dict(form.values)
    page = await render_template("admin/settings/settings.html", form=form)
    return page, form.status


def values_of(settings: SiteSettings) -> dict[str, str]:
    """The settings as values of form fields."""
    return {name: _field_value(value) for name, value in settings}


def _field_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "\n".join(value)
    return value.value if isinstance(value, StrEnum) else str(value)
