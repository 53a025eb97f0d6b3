"""The pages under `/auth` for changing the e-mail address."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.accounts import link_pages
from blog.accounts.email import service as email_service
from blog.accounts.registration.disposable import refuse_disposable
from blog.accounts.schemas import ChangeEmailForm
from blog.core.auth.clients import requesting_client
from blog.core.auth.identity import required_viewer
from blog.core.auth.quotas import CHANGING_ACCOUNT, MAILING, quota, spend
from blog.core.auth.reauthentication import (
    reauthentication_or_password_required,
    reauthentication_required,
)
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form

blueprint = Blueprint("email_address", __name__, url_prefix="/auth")
blueprint.after_request(link_pages.keep_token_secret)


@blueprint.get("/change_email")
async def change_form() -> ResponseReturnValue:
    """Show the form for a new address."""
    required_viewer()
    return await render_template("accounts/change_email.html", form=Form(ChangeEmailForm))


@blueprint.post("/change_email")
@quota(CHANGING_ACCOUNT)
@reauthentication_or_password_required
async def send_link() -> ResponseReturnValue:
    """Mail a link to the new address."""
    viewer = required_viewer()
    form = Form(ChangeEmailForm)
    if (data := await form.submitted()) is not None:
        try:
            refuse_disposable(data.email, current_app.site)
            await spend(MAILING)
            await email_service.send_change_link(
                db(), viewer, data, passwords=current_app.passwords,
                links=current_app.links, client=requesting_client(),
            )  # fmt: skip
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            await flash(
                _(
                    "We've sent a link to %(address)s. Your address won't change until you "
                    "open it.",
                    address=data.email,
                ),
                "success",
            )
            return redirect(url_for("email_address.change_form"))
    return await render_template("accounts/change_email.html", form=form), form.status


@blueprint.get("/change_email/<token>")
async def review(token: str) -> ResponseReturnValue:
    """The target of the link in the mail: a button, for the logged-in user only.

    Opening or having the link is not enough. Mail scanners open links; and if the new address has a
    typo, the link reaches a stranger, who could then reset the password.
    """
    address = email_service.address_of_link(required_viewer(), token, current_app.links)
    return await render_template("accounts/change_email_review.html", address=address)


@blueprint.post("/change_email/<token>")
@quota(CHANGING_ACCOUNT)
@reauthentication_required
async def change(token: str) -> ResponseReturnValue:
    """Change the address."""
    viewer = required_viewer()
    try:
        address = await email_service.change_email(
            db(), viewer, token, current_app.links, current_app.settings.admin_email
        )
    except InvalidFieldsError as error:
        await flash(str(error), "error")
        return redirect(url_for("email_address.change_form"))
    await flash(_("Your email address is now %(address)s.", address=address), "success")
    return redirect(url_for("sessions.overview"))


@blueprint.errorhandler(InvalidTokenError)
async def bad_link(error: InvalidTokenError) -> ResponseReturnValue:
    """Answer an invalid link."""
    return await link_pages.bad_link(error, "email_address.change_form", _("Get another link"))
