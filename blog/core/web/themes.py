"""The theme of the pages, which a cookie remembers: it needs no script, and nothing flashes."""

from datetime import timedelta
from enum import StrEnum

from quart import request
from quart.typing import ResponseTypes

from blog.core.web.app import Broadside
from blog.core.web.cookies import cookie_name, set_cookie

COOKIE, LIFE = "theme", timedelta(days=400)


class Theme(StrEnum):
    """The colours of the pages; those of the system follow the settings of the device."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


THEMES: dict[str, Theme] = {theme.value: theme for theme in Theme}


def theme() -> Theme:
    """The theme that this browser has chosen."""
    return theme_named(request.cookies.get(cookie_name(COOKIE), "")) or Theme.SYSTEM


def theme_named(name: str) -> Theme | None:
    """The theme of this name, if there is one."""
    return THEMES.get(name)


def remember_theme(response: ResponseTypes, chosen: Theme) -> None:
    """Let the browser keep a choice, for as long as browsers keep anything."""
    set_cookie(response, COOKIE, chosen, LIFE)


def init_app(app: Broadside) -> None:
    """Tell the templates of `app` the theme."""
    app.jinja_env.globals["theme"] = theme
