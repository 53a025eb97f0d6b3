"""The pages under `/auth` for deleting the account."""

from pydantic import SecretStr
from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.accounts import link_pages
from blog.accounts.deletion import service as leaving
from blog.accounts.schemas import TypedPassword
from blog.core.auth.clients import requesting_client
from blog.core.auth.identity import forget_viewer, required_viewer
from blog.core.auth.quotas import CHANGING_ACCOUNT, MAILING, quota, spend
from blog.core.auth.reauthentication import (
    reauthentication_or_password_required,
    reauthentication_required,
)
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.core.text.validation import Schema
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form

blueprint = Blueprint("leaving", __name__, url_prefix="/auth")
blueprint.after_request(link_pages.keep_token_secret)


class DeleteAccountForm(Schema):
    """The password, typed again; not needed after a stronger proof in this session."""

    password: TypedPassword = SecretStr("")


@blueprint.get("/delete-account")
async def ask() -> ResponseReturnValue:
    """Show what will be deleted, and ask for the password."""
    required_viewer()
    return await render_template("accounts/delete_account.html", form=Form(DeleteAccountForm))


@blueprint.post("/delete-account")
@quota(CHANGING_ACCOUNT)
@reauthentication_or_password_required
async def send_link() -> ResponseReturnValue:
    """Mail the link to the confirmation page."""
    viewer = required_viewer()
    form = Form(DeleteAccountForm)
    if (data := await form.submitted()) is not None:
        try:
            await spend(MAILING)
            await leaving.send_deletion_link(
                db(), viewer, data.password, current_app.passwords,
                links=current_app.links, client=requesting_client(),
            )  # fmt: skip
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            await flash(
                _(
                    "We've sent a link to %(address)s. Nothing will be deleted until you open it.",
                    address=viewer.person.email,
                ),
                "success",
            )
            return redirect(url_for("leaving.ask"))
    return await render_template("accounts/delete_account.html", form=form), form.status


@blueprint.get("/delete-account/<token>")
async def confirm_deletion(token: str) -> ResponseReturnValue:
    """The target of the link in the mail: the final confirmation."""
    leaving.check_link(required_viewer(), token, current_app.links)
    return await render_template("accounts/delete_account_confirm.html", token=token)


@blueprint.post("/delete-account/<token>")
@quota(CHANGING_ACCOUNT)
@reauthentication_required
async def delete_account(token: str) -> ResponseReturnValue:
    """Delete the account, and log out."""
    try:
        await leaving.delete_account(db(), required_viewer(), token, current_app.links)
    except InvalidFieldsError as error:
        await flash(str(error), "error")
        return redirect(url_for("leaving.ask"))
    forget_viewer()
    await flash(_("Your account has been deleted. Goodbye, and come back any time."), "success")
    return redirect(url_for("site.home"))


@blueprint.errorhandler(InvalidTokenError)
async def bad_link(error: InvalidTokenError) -> ResponseReturnValue:
    """Answer an invalid deletion link."""
    return await link_pages.bad_link(error, "leaving.ask", _("Get another link"))
