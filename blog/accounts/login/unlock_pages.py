"""`/auth/unlock`: logging in on a new device while others try to guess the password."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.accounts import link_pages
from blog.accounts.login.unlocking import mail_unlock_link, user_of_unlock_link
from blog.accounts.schemas import ForgottenPasswordForm
from blog.core.auth.devices import remember_device
from blog.core.auth.identity import current_viewer
from blog.core.auth.quotas import CHANGING_ACCOUNT, MAILING, quota, spend
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.errors import TooManyRequestsError
from blog.core.web.app import current_app, db
from blog.core.web.backlog import BACKLOG_FULL_WAIT
from blog.core.web.forms import Form

blueprint = Blueprint("unlocking", __name__, url_prefix="/auth/unlock")
blueprint.after_request(link_pages.keep_token_secret)


@blueprint.get("")
async def ask() -> ResponseReturnValue:
    """Show the form for the link."""
    return await render_template("accounts/unlock.html", form=Form(ForgottenPasswordForm))


@blueprint.post("")
@quota(CHANGING_ACCOUNT)
async def send_link() -> ResponseReturnValue:
    """Announce a link, whether the account exists or not.

    The mail is created after the response, because the duration would reveal whether the account
    exists.
    """
    form = Form(ForgottenPasswordForm)
    if (data := await form.submitted()) is not None:
        try:
            await spend(MAILING)
            if not current_app.backlog.add(_mail_link, data.email):
                raise TooManyRequestsError(
                    BACKLOG_FULL_WAIT, "We're getting a lot of requests right now."
                )
        except TooManyRequestsError as error:
            form.refuse(error)
        else:
            await flash(
                "If there's an account with this address, we've sent it a link. It works for an "
                "hour. Open it on this device.",
                "success",
            )
            return redirect(url_for("login.login"))
    return await render_template("accounts/unlock.html", form=form), form.status


async def _mail_link(email: str) -> None:
    async with current_app.database.session() as session:
        await mail_unlock_link(session, email, current_app.links)


@blueprint.get("/<token>")
async def review(token: str) -> ResponseReturnValue:
    """The target of the link in the mail: a button."""
    await user_of_unlock_link(db(), current_viewer(), token, current_app.links)
    return await render_template("accounts/unlock_device.html")


@blueprint.post("/<token>")
@quota(CHANGING_ACCOUNT)
async def unlock(token: str) -> ResponseReturnValue:
    """Make the browser one that the owner of the account has used before."""
    user = await user_of_unlock_link(db(), current_viewer(), token, current_app.links)
    remember_device(user.id, user.device_generation)
    await flash("You can log in on this device now.", "success")
    return redirect(url_for("login.login"))


@blueprint.errorhandler(InvalidTokenError)
async def bad_link(error: InvalidTokenError) -> ResponseReturnValue:
    """Answer an invalid link."""
    return await link_pages.bad_link(error, "unlocking.ask", "Get another link")
