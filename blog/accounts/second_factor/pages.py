"""`/auth/two-factor`: setting up and removing second factors."""

import base64
from collections.abc import Sequence

import segno
from markupsafe import Markup
from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.second_factor import queries, service, trust
from blog.accounts.second_factor.recovery import CODES, format_as_file, format_code
from blog.accounts.second_factor.schemas import AppForm
from blog.core.auth.identity import required_login, required_viewer
from blog.core.auth.permissions import confirmed_required
from blog.core.auth.quotas import CHANGING_ACCOUNT, quota
from blog.core.auth.reauthentication import reauthentication_required
from blog.core.crypto.one_time_codes import app_url, format_secret, new_secret
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.errors import InvalidFieldsError, NotFoundError, SecondFactorRequiredError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.web.app import current_app, db
from blog.core.web.errors import error_response, prefers_json
from blog.core.web.forms import Form
from blog.core.web.requests import SAFE_METHODS, is_for_api

SETUP = "authenticator app"
SETUP_EXPIRED = lazy_gettext("This took too long. Scan the new QR code, please.")

blueprint = Blueprint("two_factor", __name__, url_prefix="/auth/two-factor")


@blueprint.get("")
async def overview() -> ResponseReturnValue:
    """Show the second factors of the user."""
    user = required_login().user
    factors = await queries.second_factors_of(db(), user.id)
    return await render_template(
        "second_factor/overview.html", user=user, factors=factors, most_codes=CODES
    )


@blueprint.get("/app")
@confirmed_required
@reauthentication_required
async def set_up_app() -> ResponseReturnValue:
    """Show the secret for an authenticator app, and ask for its first code."""
    return await _setup_page(Form(AppForm), new_secret())


@blueprint.post("/app")
@quota(CHANGING_ACCOUNT)
@confirmed_required
@reauthentication_required
async def add_app() -> ResponseReturnValue:
    """Check the first code. The form contains the secret, which isn't stored before."""
    form = Form(AppForm)
    data = await form.submitted()
    secret = _read_secret(form.values.get("setup", ""))
    if secret is None:
        form.errors = {"code": str(SETUP_EXPIRED)}
        return await _setup_page(form, new_secret())
    if data is None:
        return await _setup_page(form, secret)
    try:
        codes = await service.add_app(
            db(), required_viewer(), secret, data.code, current_app.sealer
        )
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _setup_page(form, secret)
    if codes is not None:
        return await codes_page(codes)
    await flash(_("Your authenticator app is set up."), "success")
    return redirect(url_for("two_factor.overview"))


@blueprint.post("/app/remove")
@quota(CHANGING_ACCOUNT)
@reauthentication_required
async def remove_app() -> ResponseReturnValue:
    """Remove the authenticator app."""
    await service.remove_app(db(), required_viewer())
    await flash(_("Your authenticator app has been removed."), "success")
    return redirect(url_for("two_factor.overview"))


@blueprint.post("/recovery-codes")
@quota(CHANGING_ACCOUNT)
@reauthentication_required
async def renew_codes() -> ResponseReturnValue:
    """Create new recovery codes, and show them once."""
    try:
        codes = await service.renew_recovery_codes(db(), required_viewer())
    except InvalidFieldsError as error:
        await flash(str(error), "error")
        return redirect(url_for("two_factor.overview"))
    return await codes_page(codes)


@blueprint.post("/browsers/<id:browser_id>/revoke")
@quota(CHANGING_ACCOUNT)
async def revoke_browser(browser_id: int) -> ResponseReturnValue:
    """Ask for the second factor again in a trusted browser."""
    try:
        await trust.revoke_trust(db(), required_viewer(), browser_id)
    except NotFoundError as error:
        await flash(str(error), "info")
    else:
        await flash(_("That browser will be asked for your second factor again."), "success")
    return redirect(url_for("sessions.overview"))


@blueprint.app_errorhandler(SecondFactorRequiredError)
async def redirect_to_setup(error: SecondFactorRequiredError) -> ResponseReturnValue:
    """Redirect moderators and administrators who must have a second factor to where they set it
    up."""
    if request.method not in SAFE_METHODS or is_for_api() or prefers_json():
        return await error_response(403, str(error))
    await flash(str(error), "info")
    return redirect(url_for("two_factor.overview"))


def _read_secret(setup: str) -> bytes | None:
    """Read the secret in a form, if the form was shown to this user in the last hour."""
    try:
        content = current_app.links.read(SETUP, setup)
    except InvalidTokenError:
        return None
    if content["user"] != required_viewer().id:
        return None
    return base64.b32decode(content["secret"])


async def _setup_page(form: Form[AppForm], secret: bytes) -> ResponseReturnValue:
    user, text = required_viewer().person, format_secret(secret)
    address = app_url(secret, site_name=current_app.site.site_name, username=user.username)
    qr_code = segno.make(address, error="m", micro=False)
    page = await render_template(
        "second_factor/app.html",
        form=form,
        setup=current_app.links.sign(SETUP, {"user": user.id, "secret": text}),
        qr_code=Markup(qr_code.svg_inline(scale=5, border=4, light="white", omitsize=False)),  # noqa: S704
        secret=text,
    )
    return page, form.status


async def codes_page(codes: Sequence[str]) -> ResponseReturnValue:
    """Show recovery codes. There is no redirect, for which they would have to be stored."""
    user = required_viewer().person
    text = format_as_file(codes, site_name=current_app.site.site_name, username=user.username)
    page = await render_template(
        "second_factor/codes.html", codes=[format_code(code) for code in codes], text=text
    )
    return page, 201, {"Cache-Control": "no-store"}
