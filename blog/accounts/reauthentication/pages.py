"""`/auth/confirm-identity`: the page that asks users to prove again who they are."""

from collections.abc import Sequence
from typing import cast

from quart import Blueprint, redirect, render_template, request, url_for
from quart.blueprints import BlueprintSetupState
from quart.typing import ResponseReturnValue

from blog.accounts.openid.service import logins_of
from blog.accounts.passkeys.challenges import Ceremony, take_challenge
from blog.accounts.reauthentication import service
from blog.accounts.schemas import IdentityForm
from blog.core.auth.clients import requesting_client
from blog.core.auth.identity import (
    authenticate_by_cookie,
    current_viewer,
    required_login,
    set_login_cookie,
)
from blog.core.auth.quotas import LOGGING_IN, quota
from blog.core.auth.reauthentication import (
    ReauthenticationRequiredError,
    has_recent_proof,
    needs_no_password,
)
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import lazy_gettext
from blog.core.web.app import Broadside, current_app, db
from blog.core.web.errors import error_response, prefers_json
from blog.core.web.forms import Form
from blog.core.web.requests import SAFE_METHODS, local_address, referring_url
from blog.core.web.resubmission import UnsentForm, carried_form, unsent_form
from settings import OpenIDProvider

IS_NEEDED = lazy_gettext("It's been more than 15 minutes since you confirmed that it's you.")
FORM_TOO_LARGE = lazy_gettext(
    "It's been more than 15 minutes since you confirmed that it's you. This text is too long for "
    "us to keep while you do. Copy it, confirm that it's you, and send it again."
)
PROOFS = (*IdentityForm.model_fields,)

blueprint = Blueprint("reauthentication", __name__, url_prefix="/auth/confirm-identity")


@blueprint.record_once
def register_template_globals(state: BlueprintSetupState) -> None:
    """Let templates leave out the password field when no password is needed."""
    app = cast(Broadside, state.app)
    app.jinja_env.globals["needs_no_password"] = needs_no_password


@blueprint.get("")
async def ask() -> ResponseReturnValue:
    """Ask for the password. `?next=` is the page to continue with."""
    required_login()
    return await _identity_page(Form(IdentityForm), None)


@blueprint.post("")
@quota(LOGGING_IN)
async def confirm() -> ResponseReturnValue:
    """Check the password, and continue with the requested page, or the form that was sent.

    With `elsewhere`, the button alone continues for people who have confirmed who they are with
    another service in the meantime.
    """
    login = required_login()
    form, unsent = Form(IdentityForm), await carried_form()
    sent = await request.form
    if "elsewhere" in sent and has_recent_proof(login) and not any(map(sent.get, PROOFS)):
        return await _continue(unsent)
    if (data := await form.submitted()) is None:
        return await _identity_page(form, unsent)
    try:
        token = await service.reauthenticate(
            db(), current_viewer(), data, current_app.passwords,
            challenge=take_challenge(Ceremony.IDENTITY), sealer=current_app.sealer,
            client=requesting_client(),
        )  # fmt: skip
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _identity_page(form, unsent)
    set_login_cookie(token, remember=login.is_remembered)
    return await _continue(unsent)


async def _continue(unsent: UnsentForm | None) -> ResponseReturnValue:
    if unsent is None:
        return redirect(local_address(request.args.get("next")) or url_for("sessions.overview"))
    await authenticate_by_cookie()
    return await render_template("accounts/identity_confirmed.html", unsent=unsent)


@blueprint.app_errorhandler(ReauthenticationRequiredError)
async def ask_again(_error: ReauthenticationRequiredError) -> ResponseReturnValue:
    """Ask users to prove who they are, and carry along the form that was sent."""
    if prefers_json():
        return await error_response(403, str(IS_NEEDED))
    if request.method in SAFE_METHODS:
        wanted = request.full_path.rstrip("?")
        return redirect(url_for("reauthentication.ask", next=wanted))
    unsent = await unsent_form()
    if unsent is not None and unsent.action is None:
        # A page can't carry a file: users choose it again, on the page that they sent it from.
        origin = local_address(referring_url().path)
        page, _ = await _identity_page(Form(IdentityForm), None, origin=origin, loses_file=True)
    elif unsent is not None and unsent.can_be_carried:
        page, _ = await _identity_page(Form(IdentityForm), unsent)
    else:
        return await error_response(403, str(FORM_TOO_LARGE))
    return page, 403


async def _identity_page(
    form: Form[IdentityForm], unsent: UnsentForm | None, *,
    origin: str | None = None, loses_file: bool = False,
) -> tuple[str, int]:  # fmt: skip
    """Render the page that asks who they are.

    Args:
        unsent: the form to carry along.
        origin: the page to continue with, by default that of `?next=`.
        loses_file: whether a file was sent, which the user has to choose again.
    """
    page = await render_template(
        "accounts/confirm_identity.html",
        form=form,
        unsent=unsent,
        wanted=None if unsent else origin or request.args.get("next"),
        loses_file=loses_file,
        services=await _find_services(),
    )
    return page, form.status


async def _find_services() -> Sequence[OpenIDProvider]:
    """Find the other services with which the viewer can confirm who they are."""
    user, offered = required_login().user, current_app.settings.openid_providers
    if not offered or user.has_second_factor:
        return ()
    connected = {each.issuer for each in await logins_of(db(), user.id)}
    return [provider for provider in offered if provider.issuer in connected]
