"""The page where visitors choose the language of the site."""

from urllib.parse import urlsplit

from quart import flash, make_response, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from blog.core.auth.identity import current_viewer
from blog.core.auth.quotas import CHANGING_ACCOUNT, quota
from blog.core.i18n import gettext as _
from blog.core.i18n import set_language
from blog.core.web.app import current_app, db
from blog.core.web.languages import language_in_cookie, remember_language
from blog.core.web.requests import local_address, referring_url
from blog.site.blueprint import blueprint
from blog.users.service import choose_interface_language

# No choice: the browser's languages decide.
OF_BROWSER = "auto"


@blueprint.get("/language")
async def language() -> ResponseReturnValue:
    """Show the languages of this site. After choosing, visitors return to the previous page."""
    back = _previous_page()
    viewer = current_viewer()
    chosen = viewer.account.interface_language if viewer.account else language_in_cookie()
    return await render_template(
        "site/language.html",
        chosen=chosen or OF_BROWSER,
        next=back if back != url_for("site.language") else "",
    )


def _previous_page() -> str:
    """The page of this site that the visitor came from; empty if unknown."""
    referrer = referring_url()
    is_ours = referrer.netloc == urlsplit(current_app.settings.base_url).netloc
    return referrer._replace(scheme="", netloc="", fragment="").geturl() if is_ours else ""


@blueprint.post("/language")
@quota(CHANGING_ACCOUNT)
async def change_language() -> ResponseReturnValue:
    """Save a language with the account, or in a cookie."""
    form = await request.form
    chosen = form.get("language", "")
    if chosen not in (OF_BROWSER, *current_app.site.offered_languages):
        raise BadRequest(_("This language isn't offered here."))
    viewer, of_browser = current_viewer(), chosen == OF_BROWSER
    if viewer.account is not None:
        await choose_interface_language(db(), viewer, None if of_browser else chosen)
    if not of_browser:
        set_language(chosen)
        await flash(_("Language saved."), "success")
    response = await make_response(
        redirect(local_address(form.get("next")) or url_for("site.home"))
    )
    remember_language(response, "" if of_browser else chosen)
    return response
