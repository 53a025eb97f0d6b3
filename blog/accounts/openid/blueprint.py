"""The blueprint of the pages under `/auth/openid`, and what they share: the way to an issuer."""

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
def know_providers(state: BlueprintSetupState) -> None:
    """Give the application its issuers, and its templates their names."""
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
    """Where an issuer sends people back to; it has to know this address."""
    return external_url("openid.come_back", provider=provider)


async def send(provider: OpenIDProvider, attempt: Attempt) -> ResponseReturnValue:
    """Send a person to an issuer; back, if it can't be reached."""
    try:
        address = await issuers().address_to_ask(provider, attempt, redirect_uri(provider.key))
    except IssuerError as error:
        return await refused(str(error), attempt)
    return redirect(address)


async def refused(why: str, attempt: Attempt | None = None) -> ResponseReturnValue:
    """Lead back to where one logs in, confirms who one is, or to one's connected accounts."""
    await flash(why, "error")
    if attempt is not None and attempt.confirms_session:
        return redirect(url_for("reauthentication.ask", next=attempt.next))
    is_logged_in = current_viewer().account is not None
    return redirect(url_for("openid.overview" if is_logged_in else "login.login"))
