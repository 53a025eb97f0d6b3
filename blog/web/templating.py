"""What every template may use."""

from datetime import datetime

from markupsafe import Markup

from blog.web.app import Broadside


def time_element(moment: datetime) -> Markup:
    """A `<time>` that reads well by itself; the browser turns it into the reader's own zone."""
    return Markup('<time datetime="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), f"{moment:%-d %B %Y, %H:%M} UTC"
    )


def init_app(app: Broadside) -> None:
    """Add the filters and the names."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["time"] = time_element
    app.jinja_env.globals["site_name"] = app.settings.site_name
