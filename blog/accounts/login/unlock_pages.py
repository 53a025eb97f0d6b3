"""`/auth/unlock`: logging in on a new device while others try to guess the password."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.accounts import link_pages
from blog.accounts.links import UNLOCK_DEVICE, user_of_link
from blog.accounts.login.unlocking import mail_unlock_link
from blog.accounts.schemas import ForgottenPasswordForm
from blog.core.auth.devices import remember_device
from blog.core.auth.identity import current_viewer
from blog.core.auth.quotas import CHANGING_ACCOUNT, quota
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.i18n import gettext as _
from blog.core.web.app import current_app, db
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
    """Announce a link, whether the account exists or not."""
    return await link_pages.announce_link(
        _mail_link,
        "accounts/unlock.html",
        _(
            "If there's an account with this address, we've sent it a link. It works for an hour. "
            "Open it on this device."
        ),
    )


async def _mail_link(email: str) -> None:
    async with current_app.database.session() as session:
        await mail_unlock_link(session, email, current_app.links)


@blueprint.get("/<token>")
async def review(token: str) -> ResponseReturnValue:
    """The target of the link in the mail: a button."""
    await user_of_link(db(), current_viewer(), UNLOCK_DEVICE, token, current_app.links)
    return await render_template("accounts/unlock_device.html")


@blueprint.post("/<token>")
@quota(CHANGING_ACCOUNT)
async def unlock(token: str) -> ResponseReturnValue:
    """Make the browser a known device of the account's owner."""
    user = await user_of_link(db(), current_viewer(), UNLOCK_DEVICE, token, current_app.links)
    remember_device(user.id, user.device_generation)
    await flash(_("You can log in on this device now."), "success")
    return redirect(url_for("login.login"))


@blueprint.errorhandler(InvalidTokenError)
async def bad_link(error: InvalidTokenError) -> ResponseReturnValue:
    """Answer an invalid link."""
    return await link_pages.bad_link(error, "unlocking.ask", _("Get another link"))
