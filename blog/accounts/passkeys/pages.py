"""`/auth/passkeys`: the passkeys of the user, and the options that a browser asks for one with."""

from typing import Any

import quart_auth
from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.passkeys import queries, service
from blog.accounts.passkeys.challenges import Ceremony, new_challenge, take_challenge
from blog.accounts.passkeys.schemas import NewPasskeyForm, PasskeyName
from blog.accounts.pending_logins import pending_login
from blog.accounts.second_factor.pages import codes_page
from blog.core.auth.identity import required_login, required_viewer
from blog.core.auth.permissions import confirmed_required
from blog.core.auth.quotas import CHANGING_ACCOUNT, LOGGING_IN, quota
from blog.core.auth.reauthentication import reauthentication_required
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import db
from blog.core.web.forms import Form
from blog.core.web.user_agents import device_in_words, device_name

blueprint = Blueprint("passkeys", __name__, url_prefix="/auth/passkeys")


@blueprint.get("")
async def overview() -> ResponseReturnValue:
    """List the passkeys of the user."""
    return await _overview(Form(PasskeyName), 0)


@blueprint.get("/new")
@confirmed_required
@reauthentication_required
async def new() -> ResponseReturnValue:
    """Show the form for a new passkey."""
    name = device_in_words(device_name(request.headers.get("User-Agent")))[:64]
    return await render_template("passkeys/new.html", form=Form(NewPasskeyForm, {"name": name}))


@blueprint.post("")
@quota(CHANGING_ACCOUNT)
@confirmed_required
@reauthentication_required
async def add() -> ResponseReturnValue:
    """Add a passkey."""
    form = Form(NewPasskeyForm)
    if (data := await form.submitted()) is not None:
        challenge = take_challenge(Ceremony.REGISTRATION)
        try:
            codes = await service.add_passkey(
                db(), required_viewer(), data.name, data.credential, challenge
            )
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            if codes is not None:
                return await codes_page(codes)
            await flash(_("Your passkey has been added."), "success")
            return redirect(url_for("passkeys.overview"))
    return await render_template("passkeys/new.html", form=form), form.status


@blueprint.post("/<id:passkey_id>/rename")
@quota(CHANGING_ACCOUNT)
async def rename(passkey_id: int) -> ResponseReturnValue:
    """Rename a passkey."""
    viewer, form = required_viewer(), Form(PasskeyName)
    if (data := await form.submitted()) is None:
        return await _overview(form, passkey_id)
    try:
        await service.rename_passkey(db(), viewer, passkey_id, data.name)
    except NotFoundError as error:
        await flash(str(error), "info")
    else:
        await flash(_("Your passkey has been renamed."), "success")
    return redirect(url_for("passkeys.overview"))


@blueprint.post("/<id:passkey_id>/remove")
@quota(CHANGING_ACCOUNT)
@reauthentication_required
async def remove(passkey_id: int) -> ResponseReturnValue:
    """Remove a passkey."""
    try:
        await service.remove_passkey(db(), required_viewer(), passkey_id)
    except NotFoundError as error:
        await flash(str(error), "info")
    else:
        await flash(_("Your passkey has been removed."), "success")
    return redirect(url_for("passkeys.overview"))


@blueprint.post('/options/<any(login, "second-factor", identity, registration):ceremony>')
@quota(LOGGING_IN)
async def options(ceremony: str) -> ResponseReturnValue:
    """The options that the script of a page passes to the browser, with a new challenge."""
    return await _options(Ceremony(ceremony))


async def _options(ceremony: Ceremony) -> dict[str, Any]:
    from blog.accounts.passkeys import ceremonies  # noqa: PLC0415

    if ceremony is Ceremony.LOGIN:
        return ceremonies.request_options(new_challenge(ceremony))
    if ceremony is Ceremony.SECOND_FACTOR:
        if (pending := pending_login()) is None:
            raise quart_auth.Unauthorized
        known = await queries.passkeys_of(db(), pending.user_id)
    else:
        known = await queries.passkeys_of(db(), required_login().user_id)
    challenge = new_challenge(ceremony)
    if ceremony is Ceremony.REGISTRATION:
        return ceremonies.creation_options(required_viewer().person, challenge, known)
    return ceremonies.request_options(challenge, known)


async def _overview(form: Form[PasskeyName], renamed_id: int) -> ResponseReturnValue:
    """Render the list.

    Args:
        form: the form with the new name of a passkey, if it is invalid.
        renamed_id: the id of that passkey; 0 for none.
    """
    passkeys = await queries.passkeys_of(db(), required_login().user_id)
    page = await render_template(
        "passkeys/overview.html", passkeys=passkeys, form=form, renamed_id=renamed_id
    )
    return page, form.status
