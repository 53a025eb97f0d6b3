"""The blueprint of the pages under `/auth/openid`, and the redirects to issuers that they share."""

from typing import cast

from quart import Blueprint, flash, redirect, url_for
from quart.blueprints import BlueprintSetupState
from quart.typing import ResponseReturnValue

from blog.accounts.openid.flow import Attempt
from blog.accounts.openid.issuers import IssuerError, Issuers
from blog.core.auth.identity import current_viewer
from blog.core.errors import NotFoundError
from blog.core.web.app import Broadside, current_app
from blog.core.web.urls import external_url
from settings import OpenIDProvider

blueprint = Blueprint("openid", __name__, url_prefix="/auth/openid")


@blueprint.record_once
def register_providers(state: BlueprintSetupState) -> None:
    """Register the issuers with the application, and their names with its templates."""
    app = cast(Broadside, state.app)
    agent = f"Broadside (+{app.settings.base_url})"
    app.extensions["openid"] = Issuers(app.settings.openid_providers, agent)
    app.jinja_env.globals["openid_providers"] = app.settings.openid_providers


def issuers() -> Issuers:
    """The issuers of the settings."""
    return cast(Issuers, current_app.extensions["openid"])


def provider_of(key: str) -> OpenIDProvider:
    """The provider with this key.

    Raises:
        NotFoundError: there is none.
    """
    provider = issuers().provider(key)
    if provider is None:
        raise NotFoundError
    return provider


def redirect_uri(provider: str) -> str:
    """The URL that an issuer sends people back to, which has to be registered there."""
    return external_url("openid.come_back", provider=provider)


async def redirect_to_issuer(provider: OpenIDProvider, attempt: Attempt) -> ResponseReturnValue:
    """Redirect a person to an issuer; back, with an error, if it can't be reached."""
    try:
        url = await issuers().build_authorization_url(provider, attempt, redirect_uri(provider.key))
    except IssuerError as error:
        return await redirect_with_error(str(error), attempt)
    return redirect(url)


async def redirect_with_error(message: str, attempt: Attempt | None = None) -> ResponseReturnValue:
    """Redirect to the page that the person came from: the login, the page that asks them to confirm
    who they are, or their connected accounts."""
    await flash(message, "error")
    if attempt is not None and attempt.confirms_session:
        return redirect(url_for("reauthentication.ask", next=attempt.next))
    is_logged_in = current_viewer().account is not None
    return redirect(url_for("openid.overview" if is_logged_in else "login.login"))
