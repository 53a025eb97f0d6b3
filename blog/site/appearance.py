"""The page for choosing a theme; it needs no account, because a cookie stores the choice."""

from quart import flash, make_response, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from blog.core.auth.identity import current_viewer
from blog.core.auth.quotas import CHANGING_ACCOUNT, quota
from blog.core.i18n import gettext as _
from blog.core.web.app import db
from blog.core.web.themes import remember_theme, theme_named
from blog.site.blueprint import blueprint
from blog.users.service import hide_like_counts


@blueprint.get("/appearance")
async def appearance() -> ResponseReturnValue:
    """Show the themes."""
    return await render_template("site/appearance.html")


@blueprint.post("/appearance")
@quota(CHANGING_ACCOUNT)
async def change_appearance() -> ResponseReturnValue:
    """Save the theme in a cookie, and whether to hide like counts with the account."""
    form = await request.form
    chosen = theme_named(form.get("theme", ""))
    if chosen is None:
        raise BadRequest(_("This theme doesn't exist."))
    viewer, wanted = current_viewer(), form.getlist("hides_like_counts")
    if viewer.account is not None and wanted:
        await hide_like_counts(db(), viewer, hidden="true" in wanted)
    await flash(_("Appearance saved."), "success")
    response = await make_response(redirect(url_for("site.appearance")))
    remember_theme(response, chosen)
    return response
