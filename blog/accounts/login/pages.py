"""The pages under `/auth` for logging in and out."""

import quart_auth
from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.login import service
from blog.accounts.login.entering import complete_login, next_page_url
from blog.accounts.login.second_factor_pages import ask_for_second_factor
from blog.accounts.passkeys.challenges import Ceremony, take_challenge
from blog.accounts.passkeys.schemas import PasskeyLoginForm
from blog.accounts.schemas import LoginForm
from blog.core.auth.clients import requesting_client
from blog.core.auth.identity import current_viewer, forget_viewer
from blog.core.auth.quotas import LOGGING_IN, quota
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.web.app import current_app, db
from blog.core.web.csrf import StaleFormError
from blog.core.web.errors import error_response
from blog.core.web.forms import Form
from blog.core.web.resubmission import carried_form, unsent_form

FORM_TOO_LARGE = lazy_gettext(
    "You've been logged out, and this text is too long for us to keep while you log in. "
    "Copy it, log in, and send it again."
)

blueprint = Blueprint("login", __name__, url_prefix="/auth")


@blueprint.get("/login")
async def login() -> ResponseReturnValue:
    """Show the login form. `?next=` is the page to continue with."""
    if current_viewer().account is not None:
        return redirect(next_page_url())
    return await render_template("accounts/login.html", form=Form(LoginForm))


@blueprint.post("/login")
@quota(LOGGING_IN)
async def open_session() -> ResponseReturnValue:
    """Log in, and continue with the requested page, or ask for the second factor. A previous
    session ends.

    A form that was sent after the previous session had expired is restored.
    """
    form, unsent, previous = Form(LoginForm), await carried_form(), current_viewer().login
    if (data := await form.submitted()) is not None:
        try:
            opened = await service.log_in(
                db(), data, current_app.passwords, requesting_client(), previous=previous
            )
        except InvalidFieldsError as error:
            form.refuse(error)
        except service.SecondFactorNeededError as needed:
            return await ask_for_second_factor(needed.pending, unsent)
        else:
            return await complete_login(opened, remember=data.remember_me, unsent=unsent)
    return await render_template("accounts/login.html", form=form, unsent=unsent), form.status


@blueprint.post("/login/passkey")
@quota(LOGGING_IN)
async def open_session_by_passkey() -> ResponseReturnValue:
    """Log in with a passkey alone, from the same page, which may carry an unsent form."""
    form, unsent, previous = Form(PasskeyLoginForm), await carried_form(), current_viewer().login
    if (data := await form.submitted()) is not None:
        challenge = take_challenge(Ceremony.LOGIN)
        try:
            opened = await service.log_in_by_passkey(
                db(), data, challenge, requesting_client(), previous=previous
            )
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            return await complete_login(opened, remember=data.remember_me, unsent=unsent)
    return await render_template("accounts/login.html", form=form, unsent=unsent), form.status


@blueprint.errorhandler(StaleFormError)
async def stale_form(error: StaleFormError) -> ResponseReturnValue:
    """Treat logging in or out as a success if another tab has already done it."""
    fields = await request.form
    account = current_viewer().account
    if request.endpoint == "login.logout" and account is None:
        await flash(_("You've logged out."), "success")
        return redirect(url_for("site.home"))
    if request.endpoint == "login.open_session" and account is not None:
        login = fields.get("email", "").strip().lower()
        if login in {account.email, account.username.lower()} and await carried_form() is None:
            return redirect(next_page_url())
    return await error_response(400, error.description, title=error.title)


@blueprint.post("/logout")
@quota(LOGGING_IN)
async def logout() -> ResponseReturnValue:
    """Log out."""
    if (ended := current_viewer().login) is not None:
        await service.log_out(db(), ended)
    forget_viewer()
    await flash(_("You've logged out."), "success")
    return redirect(url_for("site.home"))


@blueprint.app_errorhandler(quart_auth.Unauthorized)
async def ask_to_log_in(_error: quart_auth.Unauthorized) -> ResponseReturnValue:
    """Redirect to the login form, and from there back to the requested page.

    If the session expired while the user was writing, the login form carries the text.
    """
    unsent = await carried_form() or await unsent_form()
    if unsent is not None and unsent.has_text:
        if not unsent.can_be_carried:
            return await error_response(403, str(FORM_TOO_LARGE))
        page = await render_template("accounts/login.html", form=Form(LoginForm), unsent=unsent)
        return page, 403
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("login.login", next=wanted))
