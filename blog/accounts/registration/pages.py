"""The pages under `/auth` for registration and confirmation."""

import quart_auth
from quart import Blueprint, flash, redirect, render_template, request, session, url_for
from quart.typing import ResponseReturnValue

from blog.accounts import link_pages
from blog.accounts.login.service import log_in_new_account
from blog.accounts.registration import gate, service
from blog.accounts.registration.robots import OPENED, refuse_robots, sign_opening_time
from blog.accounts.schemas import RegisterForm
from blog.core.auth.clients import requesting_client
from blog.core.auth.devices import remember_device
from blog.core.auth.identity import current_viewer, required_viewer, set_login_cookie
from blog.core.auth.quotas import CHANGING_ACCOUNT, MAILING, REGISTERING, quota, spend
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.errors import InvalidFieldsError, UnconfirmedError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.site_settings.values import Registration
from blog.core.web.app import current_app, db
from blog.core.web.errors import error_response, prefers_json
from blog.core.web.forms import Form
from blog.core.web.languages import language_of_newcomer
from blog.core.web.requests import is_for_api
from blog.core.web.resubmission import unsent_form
from blog.core.web.submissions import submission_key

blueprint = Blueprint("registration", __name__, url_prefix="/auth")
WAITS = lazy_gettext(
    "Your address is confirmed. We'll email you once an administrator has decided."
)
NOT_APPROVED = lazy_gettext("An administrator has to approve your account first. We'll email you.")
blueprint.after_request(link_pages.keep_token_secret)


@blueprint.get("/register")
async def register() -> ResponseReturnValue:
    """Show the registration form, with the invitation of the link (`?invitation=`), if any."""
    if current_viewer().account is not None:
        return redirect(url_for("site.home"))
    invitation = request.args.get("invitation", "")
    is_invited = await gate.require_open(db(), invitation, gate.Gate.of_site())
    values = {"invitation": invitation} if is_invited else {}
    return await _register_page(Form(RegisterForm, values))


@blueprint.post("/register")
@quota(CHANGING_ACCOUNT)
async def create_account() -> ResponseReturnValue:
    """Create the account, announce the mail, and log in."""
    if current_viewer().account is not None:
        await flash(_("You're already logged in."), "info")
        return redirect(url_for("site.home"))
    form = Form(RegisterForm)
    data = await form.submitted()
    if data is None:
        await _add_name_errors(form)
    else:
        try:
            refuse_robots(current_app.links, form.values)
            await spend(REGISTERING)
            user = await service.register(
                db(), data, current_app.passwords, gate.Gate.of_site(),
                current_app.settings.admin_email,
                reserved=current_app.reserved_usernames,
                submission=submission_key(data, "account", data.email, data.username),
                language=language_of_newcomer(),
            )  # fmt: skip
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            token = await log_in_new_account(db(), user, requesting_client())
            session.clear()
            set_login_cookie(token, remember=False)
            remember_device(user.id, user.device_generation)
            if user.awaits_approval:
                return redirect(url_for("registration.unconfirmed"))
            await flash(_("Welcome! You're logged in."), "success")
            return redirect(url_for("site.home"))
    return await _register_page(form)


async def _register_page(form: Form[RegisterForm]) -> ResponseReturnValue:
    """Render the form. When it is shown again, it keeps the time when it was first opened."""
    opened = form.values.get(OPENED) or sign_opening_time(current_app.links)
    needs_approval = current_app.site.registration is Registration.APPROVAL
    page = await render_template(
        "accounts/register.html",
        form=form,
        opened=opened,
        asks_why=needs_approval and not form.values.get("invitation"),
    )
    return page, form.status


@blueprint.app_errorhandler(gate.GateClosedError)
async def closed(error: gate.GateClosedError) -> ResponseReturnValue:
    """Say that nobody can sign up, or nobody without an invitation."""
    if is_for_api() or prefers_json():
        return await error_response(403, str(error))
    return await render_template("accounts/closed.html", reason=str(error)), 403


async def _add_name_errors(form: Form[RegisterForm]) -> None:
    """Add the errors of the address and the username to the other errors of the form."""
    typed = {name: form.values.get(name, "").strip() for name in ("email", "username")}
    email, username = (None if name in form.errors else typed[name] for name in typed)
    try:
        if email:
            await spend(REGISTERING)
        names = await service.find_name_errors(
            db(), email=email, username=username, reserved=current_app.reserved_usernames
        )
    except InvalidFieldsError as error:
        form.refuse(error)
    else:
        found = form.errors | names
        form.errors = {name: found[name] for name in ("email", "username", *found) if name in found}


@blueprint.get("/confirm/<token>")
async def review_confirmation(token: str) -> ResponseReturnValue:
    """The target of the link in the mail: a button.

    Opening the link changes nothing (RFC 9110, 9.2.1 "Safe Methods"): mail scanners open links, and
    would confirm an address that someone else has registered with.
    """
    try:
        user = await service.account_of_confirmation(
            db(), current_viewer(), token, current_app.links
        )
    except service.OwnershipNotProvedError:
        await flash(_("Log in to confirm this address."), "info")
        raise quart_auth.Unauthorized from None
    if user.is_confirmed:
        return await _redirect_after_confirmation()
    return await render_template("accounts/confirm.html", user=user)


@blueprint.post("/confirm/<token>")
@quota(CHANGING_ACCOUNT)
async def confirm(token: str) -> ResponseReturnValue:
    """Confirm the address."""
    try:
        user = await service.confirm(db(), current_viewer(), token, current_app.links)
    except service.OwnershipNotProvedError:
        await flash(_("Log in to confirm this address."), "info")
        return redirect(url_for("login.login", next=request.path))
    if user.awaits_approval:
        await flash(str(WAITS), "success")
        return redirect(url_for("site.home"))
    return await _redirect_after_confirmation()


async def _redirect_after_confirmation() -> ResponseReturnValue:
    """Redirect to the next step after the confirmation."""
    if current_viewer().account is not None:
        await flash(_("Your address is confirmed. Welcome!"), "success")
        return redirect(url_for("site.home"))
    await flash(_("Your address is confirmed. You can now log in."), "success")
    return redirect(url_for("login.login"))


@blueprint.errorhandler(InvalidTokenError)
async def bad_link(error: InvalidTokenError) -> ResponseReturnValue:
    """Answer an invalid link."""
    account = current_viewer().account
    if account is None:
        return await link_pages.bad_link(error, "login.login", _("Log in to get another link"))
    if account.is_confirmed:
        return await link_pages.bad_link(error, "sessions.overview", _("Go to your account"))
    return await link_pages.bad_link(error, "registration.unconfirmed", _("Get another link"))


@blueprint.get("/unconfirmed")
async def unconfirmed() -> ResponseReturnValue:
    """The page for logged-in users whose address is not confirmed."""
    account = current_viewer().account
    if account is None or account.is_confirmed:
        return redirect(url_for("site.home"))
    return await render_template("accounts/unconfirmed.html")


@blueprint.app_errorhandler(UnconfirmedError)
async def ask_to_confirm(error: UnconfirmedError) -> ResponseReturnValue:
    """Say what to do first. A form that was sent is shown again, so that it can be sent later."""
    account = current_viewer().account
    if is_for_api() or prefers_json():
        waits = account is not None and account.awaits_approval
        return await error_response(403, str(NOT_APPROVED if waits else error))
    if request.method == "GET":
        return redirect(url_for("registration.unconfirmed"))
    return await render_template("accounts/unconfirmed.html", unsent=await unsent_form()), 403


@blueprint.post("/confirm")
@quota(CHANGING_ACCOUNT)
async def resend_confirmation() -> ResponseReturnValue:
    """Send the mail again."""
    viewer = required_viewer()
    if viewer.person.is_confirmed:
        return redirect(url_for("site.home"))
    await spend(MAILING)
    if await service.resend_confirmation(db(), viewer, current_app.links):
        await flash(
            _("We've sent another link to %(address)s.", address=viewer.person.email), "success"
        )
    else:
        await flash(
            _(
                "We've already sent you several links. Check your spam folder, or try again "
                "in an hour."
            ),
            "error",
        )
    return redirect(url_for("registration.unconfirmed"))
