"""`/auth/login/second-factor`: the second step of a login."""

from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.login import service
from blog.accounts.login.entering import (
    complete_login,
    next_page_url,
)
from blog.accounts.passkeys.challenges import Ceremony, take_challenge
from blog.accounts.pending_logins import PendingLogin, pending_login, store_pending_login
from blog.accounts.schemas import LoginForm, SecondFactorForm
from blog.core.auth.clients import requesting_client
from blog.core.auth.identity import current_viewer
from blog.core.auth.quotas import LOGGING_IN, quota
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import lazy_gettext
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form
from blog.core.web.resubmission import UnsentForm, carried_form

TOO_LATE = lazy_gettext("That took too long, or your password has changed. Please log in again.")

blueprint = Blueprint("second_step", __name__, url_prefix="/auth/login/second-factor")


async def ask_for_second_factor(
    pending: PendingLogin, unsent: UnsentForm | None, *, next_page: str | None = None
) -> ResponseReturnValue:
    """Continue a login whose password was right.

    Args:
        unsent: the form to restore afterwards.
        next_page: the page to continue with, by default that of `?next=`.
    """
    store_pending_login(pending)
    if unsent is None:
        wanted = next_page or request.args.get("next")
        return redirect(url_for("second_step.ask", next=wanted))
    return await _code_page(Form(SecondFactorForm), unsent)


@blueprint.get("")
async def ask() -> ResponseReturnValue:
    """Ask for the code. `?next=` is the page to continue with."""
    if current_viewer().account is not None:
        return redirect(next_page_url())
    if pending_login() is None:
        return redirect(url_for("login.login", next=request.args.get("next")))
    return await _code_page(Form(SecondFactorForm), None)


@blueprint.post("")
@quota(LOGGING_IN)
async def finish() -> ResponseReturnValue:
    """Check the code, log in, and continue with the requested page or the form that was sent."""
    form, unsent = Form(SecondFactorForm), await carried_form()
    previous, pending = current_viewer().login, pending_login()
    if pending is None:
        return await _start_over(unsent)
    if (data := await form.submitted()) is None:
        return await _code_page(form, unsent)
    try:
        opened = await service.finish_log_in(
            db(), pending, data, challenge=take_challenge(Ceremony.SECOND_FACTOR),
            sealer=current_app.sealer, client=requesting_client(), previous=previous,
        )  # fmt: skip
    except InvalidTokenError:
        return await _start_over(unsent)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _code_page(form, unsent)
    return await complete_login(opened, remember=pending.remember, unsent=unsent)


async def _code_page(
    form: Form[SecondFactorForm], unsent: UnsentForm | None
) -> ResponseReturnValue:
    page = await render_template("accounts/second_factor_login.html", form=form, unsent=unsent)
    return page, form.status


async def _start_over(unsent: UnsentForm | None) -> ResponseReturnValue:
    """Ask for the password again, and carry the unsent form along."""
    await flash(str(TOO_LATE), "error")
    if unsent is None:
        return redirect(url_for("login.login", next=request.args.get("next")))
    page = await render_template("accounts/login.html", form=Form(LoginForm), unsent=unsent)
    return page, 403
