"""`/auth/openid/<provider>/confirm`: confirming one's identity at the issuer, without a password.

For people who only log in with another service, and have no password here.
"""

from quart import flash, redirect, request, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.openid import service
from blog.accounts.openid.blueprint import blueprint, provider_of, redirect_to_issuer
from blog.accounts.openid.flow import NOT_FROM_HERE, Attempt, start_attempt
from blog.accounts.openid.issuers import Identity, IssuerError
from blog.core.auth.identity import current_viewer, required_login, set_login_cookie
from blog.core.auth.quotas import LOGGING_IN, quota
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.web.app import db
from blog.core.web.csrf import comes_from_here
from blog.core.web.requests import local_address
from settings import OpenIDProvider

ANOTHER_ACCOUNT = lazy_gettext("Log in to %(name)s with the account that's connected here.")


@blueprint.get("/<provider>/confirm")
@quota(LOGGING_IN)
async def confirm(provider: str) -> ResponseReturnValue:
    """Send a user to the issuer, which asks them to log in again. `?next=` is the page to continue
    with."""
    login, found = required_login(), provider_of(provider)
    wanted = local_address(request.args.get("next")) or url_for("sessions.overview")
    if login.user.has_second_factor or not comes_from_here():
        # The issuer is only one factor; and nobody is sent there unless they press the button here.
        return redirect(url_for("reauthentication.ask", next=wanted))
    attempt = start_attempt(
        provider, next_page=wanted, user_id=login.user_id, confirms_session=login.id
    )
    return await redirect_to_issuer(found, attempt)


async def confirm_identity(
    provider: OpenIDProvider, attempt: Attempt, identity: Identity
) -> ResponseReturnValue:
    """Record that the user of the session has confirmed who they are at the issuer.

    Raises:
        IssuerError: another session started this, a second factor was added since, or they used
            another account there.
    """
    login = required_login()
    is_same = (login.id, login.user_id) == (attempt.confirms_session, attempt.user_id)
    if not is_same or login.user.has_second_factor:
        raise IssuerError(NOT_FROM_HERE)
    token = await service.confirm_identity(db(), current_viewer(), identity)
    if token is None:
        raise IssuerError(ANOTHER_ACCOUNT.with_values(name=provider.name))
    set_login_cookie(token, remember=login.is_remembered)
    await flash(_("You've confirmed that it's you."), "success")
    return redirect(attempt.next)
