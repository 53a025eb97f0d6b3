"""Texts in the language of the reader: `from blog.core.i18n import gettext as _`.

docs/contributing.md explains how to write such texts.
"""

from blog.core.i18n.current import current_language, set_language, using_language
from blog.core.i18n.directions import isolate
from blog.core.i18n.formatting import (
    format_date,
    format_datetime,
    format_day,
    format_day_and_time,
    format_decimal,
    format_list,
    format_month,
    format_number,
    format_percent,
    month_names,
    weekday_names,
)
from blog.core.i18n.languages import COMPLETE, LANGUAGES, SOURCE, text_direction
from blog.core.i18n.lazy import LazyText, lazy_gettext, lazy_pgettext
from blog.core.i18n.texts import gettext, ngettext, npgettext, pgettext

__all__ = [
    "COMPLETE", "LANGUAGES", "SOURCE", "LazyText", "current_language", "format_date",
    "format_datetime", "format_day", "format_day_and_time", "format_decimal", "format_list",
    "format_month", "format_number", "format_percent", "gettext", "isolate", "lazy_gettext",
    "lazy_pgettext", "month_names", "ngettext", "npgettext", "pgettext", "set_language",
    "text_direction", "using_language", "weekday_names",
]  # fmt: skip
