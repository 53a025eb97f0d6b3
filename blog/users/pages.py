"""The profile form, and avatars."""

from quart import Blueprint, Response, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_account, required_viewer
from blog.core.auth.permissions import confirmed_required, permission_required
from blog.core.auth.quotas import CHANGING_ACCOUNT, UPLOADING, quota
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import db
from blog.core.web.forms import Form
from blog.core.web.identicons import identicon
from blog.core.web.uploads import takes_upload
from blog.media.uploads import LARGEST_UPLOAD, receive
from blog.models import Permission, User
from blog.users import service
from blog.users.schemas import ProfileForm

blueprint = Blueprint("users", __name__)


@blueprint.get("/edit-profile")
async def own_profile() -> ResponseReturnValue:
    """Show the form for the user's profile."""
    form = Form(ProfileForm, _profile(required_account()))
    return await render_template("users/edit_profile.html", form=form)


def _profile(account: User) -> dict[str, str]:
    values = {name: getattr(account, name) or "" for name in ProfileForm.model_fields}
    return values | {"noindex": "true" if account.noindex else "false"}


@blueprint.post("/edit-profile")
@quota(CHANGING_ACCOUNT)
async def edit_profile() -> ResponseReturnValue:
    """Change the user's profile."""
    viewer = required_viewer()
    form = Form(ProfileForm)
    if (data := await form.submitted()) is None:
        return await render_template("users/edit_profile.html", form=form), form.status
    await service.edit_profile(db(), viewer, data)
    await flash(_("Profile saved."), "success")
    return redirect(url_for("site.profile", username=viewer.username))


@blueprint.post("/edit-profile/avatar")
@takes_upload(LARGEST_UPLOAD)
@quota(UPLOADING)
@permission_required(Permission.WRITE)
async def upload_avatar() -> ResponseReturnValue:
    """Upload an image as the user's avatar."""
    viewer = required_viewer()
    try:
        media = await receive(viewer, as_avatar=True)
    except InvalidFieldsError as error:
        form = Form(ProfileForm, _profile(viewer.person))
        form.refuse(error)
        return await render_template("users/edit_profile.html", form=form), form.status
    await service.set_avatar(db(), viewer, media.name)
    await flash(_("Picture saved."), "success")
    return redirect(url_for("users.own_profile"))


@blueprint.post("/edit-profile/avatar/remove")
@quota(CHANGING_ACCOUNT)
@confirmed_required
async def remove_avatar() -> ResponseReturnValue:
    """Go back to the generated avatar."""
    await service.set_avatar(db(), required_viewer(), None)
    await flash(_("Picture removed."), "success")
    return redirect(url_for("users.own_profile"))


@blueprint.get("/avatar/<seed>.svg")
async def avatar(seed: str) -> ResponseReturnValue:
    """Show an identicon. It only depends on its URL, so it is cached forever."""
    try:
        picture = identicon(seed)
    except ValueError:
        raise NotFoundError from None
    response = Response(picture, content_type="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
