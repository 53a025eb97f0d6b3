"""`/auth/openid`: the accounts of other services that a user can log in with."""

from quart import flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.openid import service
from blog.accounts.openid.blueprint import (
    blueprint,
    provider_of,
    redirect_to_issuer,
    redirect_with_error,
)
from blog.accounts.openid.flow import NOT_FROM_HERE, Attempt, start_attempt
from blog.accounts.openid.issuers import Identity, IssuerError, issuer_name
from blog.core.auth.identity import required_login, required_viewer
from blog.core.auth.permissions import confirmed_required
from blog.core.auth.quotas import CHANGING_ACCOUNT, LOGGING_IN, quota
from blog.core.auth.reauthentication import reauthentication_required
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.errors import NotFoundError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.web.app import current_app, db
from settings import OpenIDProvider

NOT_ASKED_HERE = lazy_gettext("Press the button to connect an account.")
IS_CONNECTED = lazy_gettext("You can log in with %(name)s now.")
CONNECTING = "connecting an account"


@blueprint.get("")
async def overview() -> ResponseReturnValue:
    """List the accounts of other services that the user can log in with."""
    logins = await service.logins_of(db(), required_login().user_id)
    names = {each.issuer: issuer_name(each.issuer) for each in logins}
    proof = current_app.links.sign(CONNECTING, {"user": required_viewer().id})
    return await render_template("openid/overview.html", logins=logins, names=names, proof=proof)


@blueprint.get("/<provider>/connect")
@quota(LOGGING_IN)
@confirmed_required
@reauthentication_required
async def connect(provider: str) -> ResponseReturnValue:
    """Send a user to the issuer, to connect the account there with the one here.

    Only the link on the overview works (`?proof=`). Otherwise another site could log the browser in
    at the issuer with an account of its own, and then send it here to connect that account.
    """
    found, user_id = provider_of(provider), required_viewer().id
    try:
        content = current_app.links.read(CONNECTING, request.args.get("proof", ""))
    except InvalidTokenError:
        content = {"user": 0}
    if content["user"] != user_id:
        return await redirect_with_error(str(NOT_ASKED_HERE))
    attempt = start_attempt(provider, next_page=url_for("openid.overview"), user_id=user_id)
    return await redirect_to_issuer(found, attempt)


@blueprint.post("/<id:login_id>/remove")
@quota(CHANGING_ACCOUNT)
@reauthentication_required
async def remove(login_id: int) -> ResponseReturnValue:
    """Disconnect an account of another service."""
    try:
        await service.disconnect(db(), required_viewer(), login_id)
    except NotFoundError as error:
        await flash(str(error), "info")
    else:
        await flash(_("You can't log in with that account any more."), "success")
    return redirect(url_for("openid.overview"))


async def connect_identity(
    provider: OpenIDProvider, attempt: Attempt, identity: Identity
) -> ResponseReturnValue:
    """Connect the account that a user has just logged in to at the issuer.

    Raises:
        IssuerError: another user started this.
        InvalidFieldsError: the account is connected to another user's.
    """
    viewer = required_viewer()
    if viewer.id != attempt.user_id:
        raise IssuerError(NOT_FROM_HERE)
    await service.connect(db(), viewer, identity, provider.name)
    await flash(str(IS_CONNECTED.with_values(name=provider.name)), "success")
    return redirect(url_for("openid.overview"))
