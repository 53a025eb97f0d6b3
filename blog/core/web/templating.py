"""What every template may use."""

from datetime import datetime

from markupsafe import Markup

from blog.core.web.app import Broadside
from blog.core.web.forms import submission_field


def time_element(moment: datetime, *, future: bool = False) -> Markup:
    """A `<time>` that reads well by itself; `times.js` turns it into the time that has passed.

    Args:
        moment: an aware time in UTC, as the database gives it.
        future: whether it may be yet to come, as the end of a token.
    """
    element = Markup('<time datetime="{}">{}</time>')
    if future:
        element = Markup('<time datetime="{}" data-future>{}</time>')
    return element.format(moment.isoformat(timespec="seconds"), f"{moment:%-d %b %Y, %H:%M} UTC")


def date_element(moment: datetime) -> Markup:
    """A `<time>` that stays a date, for what is "since" or "on" a day.

    Args:
        moment: an aware time in UTC, as the database gives it.
    """
    return Markup('<time datetime="{}" data-date>{}</time>').format(
        moment.isoformat(timespec="seconds"), f"{moment:%-d %B %Y}"
    )


def init_app(app: Broadside) -> None:
    """Add the filters and the names."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["time"] = time_element
    app.jinja_env.filters["date"] = date_element
    app.jinja_env.globals["kept"] = app.fragments.kept
    app.jinja_env.globals["site_name"] = app.settings.site_name
    app.jinja_env.globals["submission_field"] = submission_field
