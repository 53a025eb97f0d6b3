"""The pages under `/auth` for changing and resetting the password."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.accounts import link_pages
from blog.accounts.links import RESET_PASSWORD, user_of_link
from blog.accounts.passwords import service as passwords_service
from blog.accounts.passwords.other_logins import OtherLogins, other_logins
from blog.accounts.schemas import ChangePasswordForm, ForgottenPasswordForm, ResetPasswordForm
from blog.core.auth.clients import requesting_client
from blog.core.auth.devices import remember_device
from blog.core.auth.identity import current_viewer, forget_viewer, required_login, set_login_cookie
from blog.core.auth.quotas import CHANGING_ACCOUNT, quota
from blog.core.auth.reauthentication import reauthentication_or_password_required
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form

IN_SETTINGS = lazy_gettext("If one of them isn't yours, remove it in your settings.")

blueprint = Blueprint("passwords", __name__, url_prefix="/auth")
blueprint.after_request(link_pages.keep_token_secret)


@blueprint.get("/change-password")
async def change_form() -> ResponseReturnValue:
    """Show the form for changing the password."""
    required_login()
    return await render_template("accounts/change_password.html", form=Form(ChangePasswordForm))


@blueprint.post("/change-password")
@quota(CHANGING_ACCOUNT)
@reauthentication_or_password_required
async def change() -> ResponseReturnValue:
    """Change the password. All other sessions and API tokens end."""
    login = required_login()
    form = Form(ChangePasswordForm)
    if (data := await form.submitted()) is not None:
        try:
            renewed = await passwords_service.change_password(
                db(), current_viewer(), data, current_app.passwords, requesting_client()
            )
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            set_login_cookie(renewed.session_token, remember=login.is_remembered)
            remember_device(renewed.user_id, renewed.device_generation)
            await flash(
                _(
                    "Password changed. You've been logged out everywhere else, and your API "
                    "tokens have been revoked."
                ),
                "success",
            )
            await _flash_other_logins(renewed.others)
            return redirect(url_for("sessions.overview"))
    return await render_template("accounts/change_password.html", form=form), form.status


@blueprint.get("/reset")
async def forgotten() -> ResponseReturnValue:
    """Show the form for a forgotten password."""
    return await render_template("accounts/reset.html", form=Form(ForgottenPasswordForm))


@blueprint.post("/reset")
@quota(CHANGING_ACCOUNT)
async def send_link() -> ResponseReturnValue:
    """Announce a link, whether the account exists or not."""
    return await link_pages.announce_link(
        _mail_link,
        "accounts/reset.html",
        _("If there's an account with this address, we've sent it a link. It works for an hour."),
    )


async def _mail_link(email: str) -> None:
    async with current_app.database.session() as session:
        await passwords_service.mail_reset_link(session, email, current_app.links)


@blueprint.get("/reset/<token>")
async def choose(token: str) -> ResponseReturnValue:
    """The target of the link in the mail: the form for the new password."""
    user = await user_of_link(db(), current_viewer(), RESET_PASSWORD, token, current_app.links)
    return await _reset_page(Form(ResetPasswordForm), user.id)


@blueprint.post("/reset/<token>")
@quota(CHANGING_ACCOUNT)
async def reset(token: str) -> ResponseReturnValue:
    """Set the new password. All sessions end, including this one."""
    viewer, links = current_viewer(), current_app.links
    user = await user_of_link(db(), viewer, RESET_PASSWORD, token, links)
    form = Form(ResetPasswordForm)
    if (data := await form.submitted()) is not None:
        try:
            renewed = await passwords_service.reset_password(
                db(), viewer, token, data, passwords=current_app.passwords,
                links=links, client=requesting_client(),
            )  # fmt: skip
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            forget_viewer()
            remember_device(renewed.user_id, renewed.device_generation)
            await flash(_("Password changed. Log in with the new one."), "success")
            await _flash_other_logins(renewed.others)
            return redirect(url_for("login.login"))
    return await _reset_page(form, user.id)


async def _reset_page(form: Form[ResetPasswordForm], user_id: int) -> ResponseReturnValue:
    others = await other_logins(db(), user_id)
    page = await render_template("accounts/reset_password.html", form=form, others=others)
    return page, form.status


async def _flash_other_logins(others: OtherLogins) -> None:
    if others.sentence:
        await flash(f"{others.sentence} {IN_SETTINGS}", "info")


@blueprint.errorhandler(InvalidTokenError)
async def bad_link(error: InvalidTokenError) -> ResponseReturnValue:
    """Answer an invalid link."""
    return await link_pages.bad_link(error, "passwords.forgotten", _("Get another link"))
