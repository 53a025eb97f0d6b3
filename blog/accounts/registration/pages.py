"""The pages under `/auth` for getting an account, and for getting into it and out of it."""

import quart_auth
from quart import Blueprint, flash, redirect, render_template, request, session, url_for
from quart.typing import ResponseReturnValue

from blog.accounts import link_pages
from blog.accounts.login.authentication import requesting_client
from blog.accounts.registration import service
from blog.accounts.schemas import LoginForm, RegisterForm
from blog.core.auth.devices import remember_device
from blog.core.auth.identity import current_user, forget_visitor, required_account, set_login_cookie
from blog.core.auth.tokens import InvalidTokenError
from blog.core.errors import InvalidFieldsError
from blog.core.web.app import current_app, db
from blog.core.web.csrf import StaleFormError
from blog.core.web.errors import error_response
from blog.core.web.forms import Form
from blog.core.web.quotas import CHANGING_ACCOUNT, LOGGING_IN, MAILING, REGISTERING, quota, spend
from blog.core.web.requests import local_address
from blog.core.web.resubmission import carried_form
from blog.core.web.submissions import submission_key

# What the cookie of an anonymous visitor remembers: the id of the account made with it.
REGISTERED = "registered"

blueprint = Blueprint("accounts", __name__, url_prefix="/auth")
blueprint.after_request(link_pages.keep_token_secret)


@blueprint.get("/register")
async def register() -> ResponseReturnValue:
    """The form for a new account."""
    if current_user.account is not None:
        return redirect(url_for("posts.home"))
    return await render_template("accounts/register.html", form=Form(RegisterForm))


@blueprint.post("/register")
@quota(CHANGING_ACCOUNT)
async def create_account() -> ResponseReturnValue:
    """Make the account, and promise the mail."""
    if current_user.account is not None:
        await flash("You have an account, and are logged in.", "info")
        return redirect(url_for("posts.home"))
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
                f"Welcome! We have sent a link to {user.email}: open it to confirm.", "success"
            )
            return redirect(url_for("accounts.login"))
    return await render_template("accounts/register.html", form=form), form.status


@blueprint.get("/confirm/<token>")
async def review_confirmation(token: str) -> ResponseReturnValue:
    """Where the link in the mail leads: a button.

    To open the link changes nothing (RFC 9110, 9.2.1 "Safe Methods"): mail scanners open it, and
    would confirm an address for somebody who has registered with it by mistake or on purpose.
    """
    try:
        user = await service.account_of_confirmation(
            db(), current_user.account, token, current_app.links, registered=session.get(REGISTERED)
        )
    except service.UnprovedOwnerError:
        await flash("Please log in to confirm this address.", "info")
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
            db(), current_user.account, token, current_app.links, registered=session.get(REGISTERED)
        )
    except service.UnprovedOwnerError:
        await flash("Please log in to confirm this address.", "info")
        return redirect(url_for("accounts.login", next=request.path))
    return await _confirmed()


async def _confirmed() -> ResponseReturnValue:
    """On to the next step of somebody whose address is confirmed."""
    if current_user.account is not None:
        await flash("Your address is confirmed. Welcome aboard!", "success")
        return redirect(url_for("posts.home"))
    await flash("Your address is confirmed. Please log in.", "success")
    return redirect(url_for("accounts.login"))


@blueprint.errorhandler(InvalidTokenError)
async def bad_link(error: InvalidTokenError) -> ResponseReturnValue:
    """A link for the confirmation that does not work."""
    if current_user.account is None:
        return await link_pages.bad_link(error, "accounts.login", "Log in to get another link")
    if current_user.account.is_confirmed:
        return await link_pages.bad_link(error, "sessions.overview", "To your account")
    return await link_pages.bad_link(error, "accounts.unconfirmed", "Get another link")


@blueprint.get("/unconfirmed")
async def unconfirmed() -> ResponseReturnValue:
    """What a logged-in person sees until the address is confirmed."""
    if current_user.account is None or current_user.account.is_confirmed:
        return redirect(url_for("posts.home"))
    return await render_template("accounts/unconfirmed.html")


@blueprint.post("/confirm")
@quota(CHANGING_ACCOUNT)
async def resend_confirmation() -> ResponseReturnValue:
    """Send the mail again."""
    account = required_account()
    if account.is_confirmed:
        return redirect(url_for("posts.home"))
    await spend(MAILING)
    if await service.resend_confirmation(db(), account, current_app.links):
        await flash(f"We have sent another link to {account.email}.", "success")
    else:
        await flash(
            "We have sent you several links. Look among the spam, or try again in an hour.", "error"
        )
    return redirect(url_for("accounts.unconfirmed"))


@blueprint.get("/login")
async def login() -> ResponseReturnValue:
    """The form to log in with. `?next=` says where to go on to."""
    if current_user.account is not None:
        return redirect(_wanted_address())
    return await render_template("accounts/login.html", form=Form(LoginForm))


@blueprint.post("/login")
@quota(LOGGING_IN)
async def open_session() -> ResponseReturnValue:
    """Log in, and go on to where one wanted to go. Whoever was logged in before no longer is.

    What was written after the former session had ended comes back now.
    """
    form, unsent = Form(LoginForm), await carried_form()
    if (data := await form.submitted()) is not None:
        try:
            opened = await service.log_in(
                db(), data, current_app.passwords, requesting_client(), previous=current_user.login
            )
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            session.clear()
            set_login_cookie(opened.token, remember=data.remember_me)
            remember_device(opened.user.id, opened.user.device_generation)
            if unsent is None:
                return redirect(_wanted_address())
            await current_user.load()
            return await render_template("accounts/logged_in_again.html", unsent=unsent)
    return await render_template("accounts/login.html", form=form, unsent=unsent), form.status


@blueprint.errorhandler(StaleFormError)
async def stale_form(error: StaleFormError) -> ResponseReturnValue:
    """To log in or out in a second tab, where the first has done it already, is a success."""
    fields = await request.form
    account = current_user.account
    if request.endpoint == "accounts.logout" and account is None:
        await flash("You have logged out.", "success")
        return redirect(url_for("posts.home"))
    if request.endpoint == "accounts.open_session" and account is not None:
        login = fields.get("email", "").strip().lower()
        if login in {account.email, account.username.lower()} and await carried_form() is None:
            return redirect(_wanted_address())
    return await error_response(400, error.description, title=error.title)


def _wanted_address() -> str:
    return local_address(request.args.get("next")) or url_for("posts.home")


@blueprint.post("/logout")
@quota(LOGGING_IN)
async def logout() -> ResponseReturnValue:
    """Log out."""
    if current_user.login is not None:
        await service.log_out(db(), current_user.login)
    forget_visitor()
    await flash("You have logged out.", "success")
    return redirect(url_for("posts.home"))
