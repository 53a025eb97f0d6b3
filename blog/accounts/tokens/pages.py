"""`/auth/tokens`: the user's API tokens."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.accounts import queries
from blog.accounts.schemas import TOKEN_LIVES, TokenForm
from blog.accounts.tokens import service as tokens_service
from blog.accounts.tokens.service import AlreadyIssuedError
from blog.core.auth.clients import requesting_client
from blog.core.auth.identity import required_account, required_viewer
from blog.core.auth.permissions import confirmed_required
from blog.core.auth.quotas import CHANGING_ACCOUNT, quota
from blog.core.auth.reauthentication import reauthentication_or_password_required
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.i18n import ngettext
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form
from blog.models import Scope

blueprint = Blueprint("tokens", __name__, url_prefix="/auth/tokens")


@blueprint.get("")
async def overview() -> ResponseReturnValue:
    """List the user's tokens, with the form for a new one."""
    return await _overview(Form(TokenForm, {"read": "true", "life": "30 days"}))


@blueprint.post("")
@quota(CHANGING_ACCOUNT)
@confirmed_required
@reauthentication_or_password_required
async def create() -> ResponseReturnValue:
    """Create a token, and show its secret once.

    There is no redirect after the POST, because the secret would have to be stored in a cookie or
    in the database meanwhile. The page is not cached, and resubmitting the form creates no second
    token.
    """
    viewer, form = required_viewer(), Form(TokenForm)
    if (data := await form.submitted()) is None:
        return await _overview(form)
    try:
        issued = await tokens_service.issue_token_by_form(
            db(), viewer, data, _scopes(data),
            passwords=current_app.passwords, client=requesting_client(),
        )  # fmt: skip
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _overview(form)
    except AlreadyIssuedError:
        await flash(
            _(
                "You've already created this token and seen its secret. If you don't have "
                "it, revoke the token and create another."
            ),
            "info",
        )
        return redirect(url_for("tokens.overview"))
    page = await render_template("accounts/token.html", token=issued.token, secret=issued.secret)
    return page, 201, {"Cache-Control": "no-store"}


@blueprint.post("/<id:token_id>/revoke")
@quota(CHANGING_ACCOUNT)
async def revoke(token_id: int) -> ResponseReturnValue:
    """Revoke one of the user's tokens."""
    try:
        await tokens_service.revoke_token(db(), required_viewer(), token_id)
    except NotFoundError as error:
        await flash(str(error), "info")
    else:
        await flash(_("Token revoked."), "success")
    return redirect(url_for("tokens.overview"))


def _scopes(data: TokenForm) -> Scope:
    return Scope(data.read * Scope.READ + data.write * Scope.WRITE + data.moderate * Scope.MODERATE)


async def _overview(form: Form[TokenForm]) -> ResponseReturnValue:
    tokens = await queries.tokens_of(db(), required_account())
    names = {
        "1 hour": ngettext("%(num)s hour", "%(num)s hours", 1),
        "1 day": ngettext("%(num)s day", "%(num)s days", 1),
        "7 days": ngettext("%(num)s day", "%(num)s days", 7),
        "30 days": ngettext("%(num)s day", "%(num)s days", 30),
        "90 days": ngettext("%(num)s day", "%(num)s days", 90),
        "1 year": ngettext("%(num)s year", "%(num)s years", 1),
    }
    lives = [(life, names[life]) for life in TOKEN_LIVES]
    page = await render_template("accounts/tokens.html", tokens=tokens, form=form, lives=lives)
    return page, form.status
