"""`/auth/sessions`: the user's sessions."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.accounts import queries
from blog.accounts.schemas import EndAllForm
from blog.accounts.second_factor.queries import trusted_browsers_of
from blog.accounts.sessions import service as sessions_service
from blog.core.auth.attacks import was_attacked
from blog.core.auth.devices import remember_device
from blog.core.auth.identity import current_viewer, forget_viewer, required_login
from blog.core.auth.quotas import LOGGING_IN, quota
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import db
from blog.core.web.forms import Form

blueprint = Blueprint("sessions", __name__, url_prefix="/auth/sessions")


@blueprint.get("")
async def overview() -> ResponseReturnValue:
    """List the user's sessions."""
    current = required_login()
    logins = await queries.sessions_of(db(), current.user)
    has_second_factor = current.user.has_second_factor
    browsers = await trusted_browsers_of(db(), current.user_id) if has_second_factor else ()
    return await render_template(
        "accounts/sessions.html",
        logins=logins,
        current=current,
        browsers=browsers,
        was_attacked=was_attacked(current.user),
    )


@blueprint.post("/<id:login_id>/end")
@quota(LOGGING_IN)
async def end(login_id: int) -> ResponseReturnValue:
    """End one of the user's sessions. Ending the current one logs out."""
    current = required_login()
    try:
        await sessions_service.end_session(db(), current_viewer(), login_id)
    except NotFoundError as error:
        await flash(str(error), "info")
        return redirect(url_for("sessions.overview"))
    if login_id == current.id:
        forget_viewer()
        await flash(_("You've logged out."), "success")
        return redirect(url_for("site.home"))
    await flash(_("That session has been logged out."), "success")
    return redirect(url_for("sessions.overview"))


@blueprint.post("/end-all")
@quota(LOGGING_IN)
async def end_all() -> ResponseReturnValue:
    """End all sessions; with `tokens`, revoke the API tokens too."""
    form = Form(EndAllForm)
    if (data := await form.submitted()) is None:
        raise InvalidFieldsError(form.errors)
    required_login()
    await sessions_service.end_sessions_everywhere(db(), current_viewer(), with_tokens=data.tokens)
    forget_viewer()
    await flash(
        _("You've logged out everywhere, and your API tokens have been revoked.")
        if data.tokens
        else _("You've logged out everywhere."),
        "success",
    )
    return redirect(url_for("login.login"))


@blueprint.post("/end-others")
@quota(LOGGING_IN)
async def end_others() -> ResponseReturnValue:
    """End all of the user's sessions except the current one."""
    login = required_login()
    generation = await sessions_service.end_other_sessions(db(), current_viewer())
    remember_device(login.user_id, generation)
    await flash(_("All other sessions have been logged out."), "success")
    return redirect(url_for("sessions.overview"))
