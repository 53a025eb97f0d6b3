"""Filters and globals for templates."""

from datetime import datetime

from markupsafe import Markup
from werkzeug.local import LocalProxy

from blog.core.i18n import format_date, format_datetime
from blog.core.i18n import gettext as _
from blog.core.site_settings.values import SiteSettings
from blog.core.text.languages import direction
from blog.core.web.admonitions import with_titles
from blog.core.web.app import Broadside
from blog.core.web.forms import submission_field
from blog.core.web.user_agents import device_in_words
from settings import Settings

# Of a site that has not changed it.
TAGLINE = Settings.model_fields["site_tagline"].default


def time_element(moment: datetime, *, future: bool = False, name: str = "") -> Markup:
    """A `<time>` element with an absolute time; `times.js` makes it relative.

    Args:
        moment: an aware time in UTC, as the database returns it.
        future: whether it may be in the future, such as the expiry of a token.
        name: what it is in a microformat, such as `dt-published`.
    """
    element = Markup('<time{} datetime="{}">{}</time>')
    if future:
        element = Markup('<time{} datetime="{}" data-future>{}</time>')
    css = Markup(' class="{}"').format(name) if name else ""
    return element.format(css, moment.isoformat(timespec="seconds"), format_datetime(moment))


def date_element(moment: datetime) -> Markup:
    """A `<time>` element with a date, for "since" or "on" a day.

    Args:
        moment: an aware time in UTC, as the database returns it.
    """
    return Markup('<time datetime="{}" data-date>{}</time>').format(
        moment.isoformat(timespec="seconds"), format_date(moment)
    )


def language_attributes(language: str | None) -> Markup:
    """The attributes `lang` and `dir` of an element with a text.

    Args:
        language: a BCP 47 tag; if it is unknown, the browser goes by the first letter of the text.
    """
    if not language:
        return Markup(' dir="auto"')
    return Markup(' lang="{}" dir="{}"').format(language, direction(language))


def shown_tagline(site: SiteSettings) -> str:
    """The tagline of the site, translated unless an administrator has changed it."""
    return _("A place to write in public") if site.tagline == TAGLINE else site.tagline


def init_app(app: Broadside) -> None:
    """Add the filters and globals."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["time"] = time_element
    app.jinja_env.filters["date"] = date_element
    app.jinja_env.filters["device"] = device_in_words
    app.jinja_env.filters["titled"] = with_titles
    app.jinja_env.globals["language_attributes"] = language_attributes
    app.jinja_env.globals["cached"] = app.fragments.cached
    app.jinja_env.globals["has_mailbox"] = app.settings.is_development
    # Templates that are imported keep the globals of their first use, so these are proxies.
    app.jinja_env.globals["site"] = LocalProxy(lambda: app.site)
    app.jinja_env.globals["site_name"] = LocalProxy(lambda: app.site.site_name)
    app.jinja_env.globals["site_tagline"] = LocalProxy(lambda: shown_tagline(app.site))
    app.jinja_env.globals["submission_field"] = submission_field
