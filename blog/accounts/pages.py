"""The pages under `/auth`."""

from quart import Blueprint, flash, redirect, render_template, request, session, url_for
from quart.typing import ResponseReturnValue
from quart_auth import Action, login_user, logout_user

from blog.accounts import service
from blog.accounts.identity import SESSION_LIFE, Visitor, current_user, required_account
from blog.accounts.schemas import LoginForm, RegisterForm
from blog.errors import InvalidFieldsError
from blog.kit.tokens import ExpiredTokenError, InvalidTokenError
from blog.web.app import current_app, db
from blog.web.forms import Form
from blog.web.requests import local_address

blueprint = Blueprint("accounts", __name__, url_prefix="/auth")


@blueprint.get("/register")
async def register() -> ResponseReturnValue:
    """The form for a new account."""
    return await render_template("accounts/register.html", form=Form(RegisterForm))


@blueprint.post("/register")
async def create_account() -> ResponseReturnValue:
    """Make the account, and promise the mail."""
    form = Form(RegisterForm)
    if (data := await form.submitted()) is not None:
        try:
            user = await service.register(
                db(), data, current_app.passwords, current_app.links,
                current_app.settings.admin_email,
            )  # fmt: skip
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            await flash(
                f"Welcome! We have sent a link to {user.email}: open it to confirm.", "success"
            )
            return redirect(url_for("accounts.login"))
    return await render_template("accounts/register.html", form=form), form.status


@blueprint.get("/confirm/<token>")
async def confirm(token: str) -> ResponseReturnValue:
    """Where the link in the mail leads."""
    try:
        await service.confirm(db(), token, current_app.links)
    except ExpiredTokenError:
        return await render_template("accounts/bad_link.html", expired=True), 400
    except InvalidTokenError:
        return await render_template("accounts/bad_link.html", expired=False), 400
    if current_user.account is not None:
        await flash("Your address is confirmed. Welcome aboard!", "success")
        return redirect(url_for("posts.home"))
    await flash("Your address is confirmed. Please log in.", "success")
    return redirect(url_for("accounts.login"))


@blueprint.get("/unconfirmed")
async def unconfirmed() -> ResponseReturnValue:
    """What a logged-in person sees until the address is confirmed."""
    if current_user.account is None or current_user.account.is_confirmed:
        return redirect(url_for("posts.home"))
    return await render_template("accounts/unconfirmed.html")


@blueprint.post("/confirm")
async def resend_confirmation() -> ResponseReturnValue:
    """Send the mail again."""
    account = required_account()
    if not account.is_confirmed:
        await service.send_confirmation(db(), account, current_app.links)
        await db().commit()
        await flash(f"We have sent another link to {account.email}.", "success")
    return redirect(url_for("accounts.unconfirmed"))


@blueprint.get("/login")
async def login() -> ResponseReturnValue:
    """The form to log in with."""
    return await render_template("accounts/login.html", form=Form(LoginForm))


@blueprint.post("/login")
async def open_session() -> ResponseReturnValue:
    """Log in, and go on to where one wanted to go."""
    form = Form(LoginForm)
    if (data := await form.submitted()) is not None:
        try:
            token = await service.log_in(
                db(), data, current_app.passwords,
                device=request.headers.get("User-Agent", ""),
                network_address=request.remote_addr,
                life=SESSION_LIFE,
            )  # fmt: skip
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            session.clear()
            permanent = Action.WRITE_PERMANENT if data.remember_me else Action.WRITE
            login_user(Visitor(token, permanent))
            return redirect(local_address(request.args.get("next")) or url_for("posts.home"))
    return await render_template("accounts/login.html", form=form), form.status


@blueprint.post("/logout")
async def logout() -> ResponseReturnValue:
    """Log out."""
    if current_user.login is not None:
        await service.log_out(db(), current_user.login)
    logout_user()
    session.clear()
    await flash("You have logged out.", "success")
    return redirect(url_for("posts.home"))
