"""Format numbers, dates and lists in the current language.

English is formatted here, because no CLDR locale has the formats of these pages. Babel formats the
other languages, by CLDR.
"""

from calendar import day_abbr, month_abbr
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache, reduce
from typing import Literal

from babel import Locale, dates, lists, numbers

from blog.core.i18n.current import current_language
from blog.core.i18n.directions import isolate
from blog.core.i18n.languages import SOURCE


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language, sep="-")


def format_number(number: int) -> str:
    """A whole number, such as `12,345`."""
    language = current_language()
    if language == SOURCE:
        return f"{number:,}"
    return numbers.format_decimal(number, locale=_locale(language))


def format_decimal(number: float) -> str:
    """A number with at most three significant digits, such as `1.25` or `1,230`."""
    language, rounded = current_language(), float(f"{number:.3g}")
    if language == SOURCE:
        return f"{rounded:,.3f}".rstrip("0").rstrip(".")
    return numbers.format_decimal(rounded, locale=_locale(language))


def format_percent(number: int) -> str:
    """A whole percentage, such as `25%`."""
    language = current_language()
    if language == SOURCE:
        return f"{number}%"
    return numbers.format_percent(number / 100, locale=_locale(language))


def format_date(day: date) -> str:
    """A date with the name of its month: `3 October 2026`.

    Args:
        day: a date, or a time in the zone in which it is shown.
    """
    language = current_language()
    if language == SOURCE:
        return f"{day:%-d %B %Y}"
    return dates.format_date(day, "long", locale=_locale(language))


def format_day(day: date) -> str:
    """A day of the year: `3 October`.

    Args:
        day: a date, or a time in the zone in which it is shown.
    """
    language = current_language()
    if language == SOURCE:
        return f"{day:%-d %B}"
    return dates.format_skeleton("MMMMd", day, locale=_locale(language))


def format_month(day: date) -> str:
    """The month of a day, with its year: `October 2026`."""
    language = current_language()
    if language == SOURCE:
        return f"{day:%B %Y}"
    return dates.format_skeleton("yMMMM", day, locale=_locale(language))


def month_names() -> Mapping[int, str]:
    """The short names of the months, such as `Oct`, from 1 for January."""
    language = current_language()
    if language == SOURCE:
        return dict(enumerate(month_abbr))
    return dates.get_month_names("abbreviated", "stand-alone", _locale(language))


def weekday_names() -> list[str]:
    """The short names of the days of the week, starting with `Mon`."""
    language = current_language()
    if language == SOURCE:
        return list(day_abbr)
    names = dates.get_day_names("abbreviated", "stand-alone", _locale(language))
    return [names[day] for day in range(7)]


def format_datetime(moment: datetime, zone: str = "UTC") -> str:
    """A date and a time: `3 Oct 2026, 14:05 UTC`.

    Args:
        moment: in the zone in which it is shown.
        zone: the name of that zone, if it is shown.
    """
    language, named = current_language(), f" {zone}" if zone else ""
    if language == SOURCE:
        return f"{moment:%-d %b %Y, %H:%M}{named}"
    shown, locale = moment.replace(tzinfo=None), _locale(language)
    day = dates.format_date(shown, "medium", locale=locale)
    return f"{day}, {dates.format_time(shown, 'short', locale=locale)}{named}"


def format_day_and_time(moment: datetime) -> str:
    """A day of the year and a time: `3 October 14:05`."""
    return f"{format_day(moment)} {moment:%H:%M}"


def format_list(parts: Sequence[str], word: Literal["and", "or", ","] = "and") -> str:
    """Join items with "and" or "or": `cats, dogs and birds`.

    Args:
        parts: the items; with a comma there must be at least one.
        word: a comma for a list that the text around it continues: `cats, dogs` in "cats, dogs and
            others".
    """
    language, parts = current_language(), [isolate(str(part)) for part in parts]
    if word == ",":
        return reduce(_locale(language).list_patterns["standard"]["middle"].format, parts)
    if language == SOURCE:
        *first, last = parts or [""]
        return f"{', '.join(first)} {word} {last}" if first else last
    style: Literal["standard", "or"] = "or" if word == "or" else "standard"
    return lists.format_list(parts, style, locale=_locale(language))
