"""The accent colour of the site: a small style sheet after the main one."""

import re

from quart import Response, url_for

from blog.core.errors import NotFoundError
from blog.core.site_settings.colours import DEFAULT, palette
from blog.core.web.app import current_app
from blog.core.web.assets import IMMUTABLE
from blog.site.blueprint import blueprint

SHEET = """\
:root {{
  --accent: light-dark({0.light}, {0.dark});
  --accent-strong: light-dark({0.light_strong}, {0.dark_strong});
  --on-accent: light-dark({0.on_light}, {0.on_dark});
}}
"""
_DIGITS = re.compile("[0-9a-f]{6}", re.ASCII)


@blueprint.get("/accent/<light>-<dark>.css")
async def accent(light: str, dark: str) -> Response:
    """Serve the style sheet for two colours. It depends only on its URL, so it is cached
    forever."""
    if not (_DIGITS.fullmatch(light) and _DIGITS.fullmatch(dark)):
        raise NotFoundError
    response = Response(
        SHEET.format(palette(f"#{light}", f"#{dark}")), content_type="text/css; charset=utf-8"
    )
    response.headers["Cache-Control"] = IMMUTABLE
    return response


@blueprint.app_template_global()
def accent_sheet() -> str:
    """The URL of the style sheet; empty if the site has the default colours."""
    colours = current_app.site.palette
    if colours == DEFAULT:
        return ""
    light, dark = (colour.removeprefix("#") for colour in (colours.light, colours.dark))
    return url_for("site.accent", light=light, dark=dark)
