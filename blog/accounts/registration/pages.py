"""The pages under `/auth` for registration and confirmation."""

import quart_auth
from quart import Blueprint, flash, redirect, render_template, request, session, url_for
from quart.typing import ResponseReturnValue

from blog.accounts import link_pages
from blog.accounts.registration import service
from blog.accounts.schemas import RegisterForm
from blog.core.auth.identity import current_viewer, required_viewer
from blog.core.auth.quotas import CHANGING_ACCOUNT, MAILING, REGISTERING, quota, spend
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.errors import InvalidFieldsError
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form
from blog.core.web.submissions import submission_key

# In the session of an anonymous visitor: the id of the account that was registered with it.
REGISTERED = "registered"

blueprint = Blueprint("registration", __name__, url_prefix="/auth")
blueprint.after_request(link_pages.keep_token_secret)


@blueprint.get("/register")
async def register() -> ResponseReturnValue:
    """Show the registration form."""
    if current_viewer().account is not None:
        return redirect(url_for("site.home"))
    return await render_template("accounts/register.html", form=Form(RegisterForm))


@blueprint.post("/register")
@quota(CHANGING_ACCOUNT)
async def create_account() -> ResponseReturnValue:
    """Create the account, and announce the mail."""
    if current_viewer().account is not None:
        await flash("You're already logged in.", "info")
        return redirect(url_for("site.home"))
    form = Form(RegisterForm)
    if (data := await form.submitted()) is not None:
        try:
            await spend(REGISTERING)
            user = await service.register(
                db(), data, current_app.passwords, current_app.links,
                current_app.settings.admin_email,
                reserved=current_app.reserved_usernames,
                submission=submission_key(data, "account", data.email, data.username),
            )  # fmt: skip
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            session[REGISTERED] = user.id
            await flash(
                f"Welcome! We've sent a link to {user.email}. Open it to confirm your address.",
                "success",
            )
            return redirect(url_for("login.login"))
    return await render_template("accounts/register.html", form=form), form.status


@blueprint.get("/confirm/<token>")
async def review_confirmation(token: str) -> ResponseReturnValue:
    """The target of the link in the mail: a button.

    Opening the link changes nothing (RFC 9110, 9.2.1 "Safe Methods"): mail scanners open links, and
    would confirm an address that somebody else has registered with.
    """
    try:
        user = await service.account_of_confirmation(
            db(), current_viewer(), token, current_app.links, registered=session.get(REGISTERED)
        )
    except service.OwnershipNotProvedError:
        await flash("Log in to confirm this address.", "info")
        raise quart_auth.Unauthorized from None
    if user.is_confirmed:
        return await _confirmed()
    return await render_template("accounts/confirm.html", user=user)


@blueprint.post("/confirm/<token>")
@quota(CHANGING_ACCOUNT)
async def confirm(token: str) -> ResponseReturnValue:
    """Confirm the address."""
    try:
        await service.confirm(
            db(), current_viewer(), token, current_app.links, registered=session.get(REGISTERED)
        )
    except service.OwnershipNotProvedError:
        await flash("Log in to confirm this address.", "info")
        return redirect(url_for("login.login", next=request.path))
    return await _confirmed()


async def _confirmed() -> ResponseReturnValue:
    """Redirect to the next step after the confirmation."""
    if current_viewer().account is not None:
        await flash("Your address is confirmed. Welcome!", "success")
        return redirect(url_for("site.home"))
    await flash("Your address is confirmed. You can now log in.", "success")
    return redirect(url_for("login.login"))


@blueprint.errorhandler(InvalidTokenError)
async def bad_link(error: InvalidTokenError) -> ResponseReturnValue:
    """Answer an invalid link."""
    account = current_viewer().account
    if account is None:
        return await link_pages.bad_link(error, "login.login", "Log in to get another link")
    if account.is_confirmed:
        return await link_pages.bad_link(error, "sessions.overview", "Go to your account")
    return await link_pages.bad_link(error, "registration.unconfirmed", "Get another link")


@blueprint.get("/unconfirmed")
async def unconfirmed() -> ResponseReturnValue:
    """The page for logged-in users whose address is not confirmed."""
    account = current_viewer().account
    if account is None or account.is_confirmed:
        return redirect(url_for("site.home"))
    return await render_template("accounts/unconfirmed.html")


@blueprint.post("/confirm")
@quota(CHANGING_ACCOUNT)
async def resend_confirmation() -> ResponseReturnValue:
    """Send the mail again."""
    viewer = required_viewer()
    if viewer.person.is_confirmed:
        return redirect(url_for("site.home"))
    await spend(MAILING)
    if await service.resend_confirmation(db(), viewer, current_app.links):
        await flash(f"We've sent another link to {viewer.person.email}.", "success")
    else:
        await flash(
            "We've already sent you several links. Check your spam folder, or try again "
            "in an hour.",
            "error",
        )
    return redirect(url_for("registration.unconfirmed"))
