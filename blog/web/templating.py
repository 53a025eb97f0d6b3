"""What every template may use."""

from datetime import datetime
from typing import Any

from markupsafe import Markup

from blog.web.app import Broadside, current_app
from blog.web.forms import submission_field


def time_element(moment: datetime) -> Markup:
    """A `<time>` that reads well by itself; `times.js` turns it into the time that has passed.

    Args:
        moment: an aware time in UTC, as the database gives it.
    """
    return Markup('<time datetime="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), f"{moment:%-d %b %Y, %H:%M} UTC"
    )


def date_element(moment: datetime) -> Markup:
    """A `<time>` that stays a date, for what is "since" or "on" a day.

    Args:
        moment: an aware time in UTC, as the database gives it.
    """
    return Markup('<time datetime="{}" data-date>{}</time>').format(
        moment.isoformat(timespec="seconds"), f"{moment:%-d %B %Y}"
    )


async def give_visitor() -> dict[str, Any]:
    """Who is asking."""
    (extension,) = current_app.extensions["QUART_AUTH"]
    return {"current_user": extension.load_user()}


def init_app(app: Broadside) -> None:
    """Add the filters and the names."""
    # Instead of what quart-auth and Quart give: they have it looked up in threads, which takes
    # longer than the frame of a page, and `g`, `request` and `session` are globals anyway.
    app.template_context_processors[None] = [give_visitor]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["time"] = time_element
    app.jinja_env.filters["date"] = date_element
    app.jinja_env.globals["kept"] = app.fragments.kept
    app.jinja_env.globals["site_name"] = app.settings.site_name
    app.jinja_env.globals["submission_field"] = submission_field
