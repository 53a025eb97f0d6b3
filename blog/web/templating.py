"""What every template may use."""

import inspect
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from markupsafe import Markup

from blog.web.app import Broadside
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


def _asynchronous(function: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
    """The function as one that can be awaited."""
    if inspect.iscoroutinefunction(function):
        return function

    async def call() -> Any:
        return function()

    return call


def init_app(app: Broadside) -> None:
    """Add the filters and the names."""
    # Functions that give the templates what is at hand anyway, such as `current_user`. Quart calls
    # such a function in a thread, which takes longer than all else in a page but its content.
    processors = app.template_context_processors[None]
    processors[:] = map(_asynchronous, processors)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["time"] = time_element
    app.jinja_env.filters["date"] = date_element
    app.jinja_env.globals["site_name"] = app.settings.site_name
    app.jinja_env.globals["submission_field"] = submission_field
