"""`/auth/openid`: logging in with the accounts of other services."""

from collections.abc import Awaitable, Callable

from pydantic import TypeAdapter, ValidationError
from quart import flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.login.entering import complete_login_at, next_page_url
from blog.accounts.login.second_factor_pages import ask_for_second_factor
from blog.accounts.login.service import SecondFactorNeededError
from blog.accounts.openid import service
from blog.accounts.openid.blueprint import (
    blueprint,
    issuers,
    provider_of,
    redirect_to_issuer,
    redirect_uri,
    redirect_with_error,
)
from blog.accounts.openid.confirming_pages import confirm_identity
from blog.accounts.openid.connected_pages import connect_identity
from blog.accounts.openid.flow import (
    IDENTITY,
    NOT_FROM_HERE,
    Attempt,
    load_stored,
    start_attempt,
    store,
    take_attempt,
)
from blog.accounts.openid.issuers import Identity, IssuerError
from blog.accounts.openid.schemas import ChooseNameForm, LinkForm
from blog.accounts.registration.gate import Gate, require_open
from blog.accounts.schemas import EmailAddress
from blog.core.auth.clients import requesting_client
from blog.core.auth.identity import current_viewer
from blog.core.auth.quotas import LOGGING_IN, REGISTERING, quota, spend
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import lazy_gettext
from blog.core.site_settings.values import Registration
from blog.core.web.app import current_app, db
from blog.core.web.csrf import comes_from_here
from blog.core.web.forms import Form
from blog.core.web.languages import language_of_newcomer
from settings import OpenIDProvider

__all__ = ["blueprint"]

WAS_REFUSED = lazy_gettext("%(name)s hasn't logged you in.")
NO_ADDRESS = lazy_gettext(
    "%(name)s hasn't verified your email address, so we can't log you in with it."
)
CONNECT_AFTERWARDS = lazy_gettext("Log in with your second factor. Then you can connect %(name)s.")


@blueprint.get("/<provider>/start")
@quota(LOGGING_IN)
async def start(provider: str) -> ResponseReturnValue:
    """Send a person to the issuer. `?next=` is the page to continue with, `?invitation=` the token
    of someone who was invited."""
    if current_viewer().account is not None:
        return redirect(next_page_url())
    found, invitation = provider_of(provider), request.args.get("invitation", "")
    if not comes_from_here():
        # Other sites must not log people in: they press the button here (OWASP ASVS 5.0, 7.6.2).
        return redirect(url_for("login.login", next=request.args.get("next")))
    attempt = start_attempt(provider, next_page=next_page_url(), invitation=invitation)
    return await redirect_to_issuer(found, attempt)


@blueprint.get("/<provider>/callback")
@quota(LOGGING_IN)
async def come_back(provider: str) -> ResponseReturnValue:
    """The page that the issuer sends a person back to, with a code."""
    found = provider_of(provider)
    attempt = take_attempt(provider, request.args.get("state", ""))
    try:
        attempt, code = _parse_callback(found, attempt)
        identity = await issuers().fetch_identity(found, attempt, code, redirect_uri(provider))
        return await _find_next_step(attempt)(found, attempt, identity)
    except (IssuerError, InvalidFieldsError) as error:
        return await redirect_with_error(str(error), attempt)


@blueprint.get("/link")
async def ask_to_link() -> ResponseReturnValue:
    """Ask for the password of the account with the same address."""
    return await _render_form("openid/link.html", Form(LinkForm))


@blueprint.post("/link")
@quota(LOGGING_IN)
async def link() -> ResponseReturnValue:
    """Connect the account of the other service, and log in."""
    form = Form(LinkForm)
    stored = load_stored(IDENTITY)
    if stored is not None and (data := await form.submitted()) is not None:
        found = provider_of(stored["provider"])
        try:
            opened = await service.connect_by_password(
                db(), Identity(*stored["identity"]), found.name, data.password,
                current_app.passwords, client=requesting_client(),
                previous=current_viewer().login,
            )  # fmt: skip
        except SecondFactorNeededError as needed:
            await flash(str(CONNECT_AFTERWARDS.with_values(name=found.name)), "info")
            overview_page = url_for("openid.overview")
            return await ask_for_second_factor(needed.pending, None, next_page=overview_page)
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            return await complete_login_at(opened, stored["next"])
    return await _render_form("openid/link.html", form)


@blueprint.get("/register")
async def ask_for_name() -> ResponseReturnValue:
    """Ask for the username of a new account."""
    stored = load_stored(IDENTITY)
    username = Identity(*stored["identity"]).username if stored else ""
    form = Form(ChooseNameForm, {"username": username})
    return await _render_form("openid/register.html", form)


@blueprint.post("/register")
@quota(LOGGING_IN)
async def register() -> ResponseReturnValue:
    """Create the account, and log in."""
    form = Form(ChooseNameForm)
    stored = load_stored(IDENTITY)
    if stored is not None and (data := await form.submitted()) is not None:
        try:
            await spend(REGISTERING)
            opened = await service.register(
                db(), Identity(*stored["identity"]), data, current_app.passwords,
                Gate.of_site(), invitation=stored["invitation"],
                administrators=current_app.settings.admin_email,
                reserved=current_app.reserved_usernames, client=requesting_client(),
                language=language_of_newcomer(),
            )  # fmt: skip
        except SecondFactorNeededError as needed:
            return await ask_for_second_factor(needed.pending, None, next_page=stored["next"])
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            waits = opened.user.awaits_approval
            following = url_for("registration.unconfirmed") if waits else stored["next"]
            return await complete_login_at(opened, following)
    return await _render_form("openid/register.html", form)


def _parse_callback(provider: OpenIDProvider, attempt: Attempt | None) -> tuple[Attempt, str]:
    """The login that the issuer's response belongs to, and its code.

    Raises:
        IssuerError: this browser didn't start it, or it is from another issuer (RFC 9207), or it is
            a refusal.
    """
    if attempt is None or request.args.get("iss", provider.issuer) != provider.issuer:
        raise IssuerError(NOT_FROM_HERE)
    if not (code := request.args.get("code", "")):
        raise IssuerError(WAS_REFUSED.with_values(name=provider.name))
    return attempt, code


def _find_next_step(attempt: Attempt) -> Callable[..., Awaitable[ResponseReturnValue]]:
    """The function that continues with the identity: it confirms, connects or logs in."""
    if attempt.confirms_session:
        return confirm_identity
    return connect_identity if attempt.user_id else _log_in


async def _log_in(
    provider: OpenIDProvider, attempt: Attempt, identity: Identity
) -> ResponseReturnValue:
    previous = current_viewer().login
    try:
        opened = await service.log_in(db(), identity, requesting_client(), previous=previous)
    except SecondFactorNeededError as needed:
        return await ask_for_second_factor(needed.pending, None, next_page=attempt.next)
    if opened is not None:
        return await complete_login_at(opened, attempt.next)
    return await _link_or_register(provider, attempt, identity)


async def _link_or_register(
    provider: OpenIDProvider, attempt: Attempt, identity: Identity
) -> ResponseReturnValue:
    """Send a person whose identity is new here to the form that connects it to their account, or
    to the one that creates an account.

    Raises:
        GateClosedError: the site doesn't let this person sign up.
    """
    try:
        email = TypeAdapter(EmailAddress).validate_python(identity.email)
    except ValidationError:
        raise IssuerError(NO_ADDRESS.with_values(name=provider.name)) from None
    is_known = await service.has_account(db(), email)
    is_invited = not is_known and await require_open(db(), attempt.invitation, Gate.of_site())
    stored = {
        "provider": provider.key,
        "identity": identity._replace(email=email),
        "next": attempt.next,
        "invitation": attempt.invitation if is_invited else "",
    }
    store(IDENTITY, stored)
    return redirect(url_for("openid.ask_to_link" if is_known else "openid.ask_for_name"))


async def _render_form(
    template: str, form: Form[LinkForm] | Form[ChooseNameForm]
) -> ResponseReturnValue:
    if (stored := load_stored(IDENTITY)) is None:
        return await redirect_with_error(str(NOT_FROM_HERE))
    provider, identity = provider_of(stored["provider"]), Identity(*stored["identity"])
    page = await render_template(
        template,
        form=form,
        provider=provider,
        identity=identity,
        is_invited=bool(stored["invitation"]),
        asks_why=current_app.site.registration is Registration.APPROVAL
        and not stored["invitation"],
    )
    return page, form.status
