"""Texts in the current language."""

import re
from collections.abc import Mapping

from blog.core.i18n.catalogs import translations
from blog.core.i18n.current import current_language
from blog.core.i18n.formatting import format_number
from blog.core.i18n.languages import text_direction

# Letters of scripts from right to left, and characters that set the direction (Unicode Standard
# Annex #9).
RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc"
    "\U00010800-\U00010fff\U0001e800-\U0001efff]"
)


def gettext(message: str, /, **values: object) -> str:
    """A text in the current language.

    Args:
        message: the text in English, a literal. Values stand in it as `%(name)s`, and a percent
            sign as `%%`.
        values: the values.
    """
    return _filled(translations(current_language()).gettext(message), values)


def ngettext(singular: str, plural: str, number: int, /, **values: object) -> str:
    """A text that depends on a number, which stands in it as `%(num)s`.

    Args:
        singular, plural: the texts in English; other languages have up to six forms.
        number: decides about the form.
        values: further values.
    """
    text = translations(current_language()).ngettext(singular, plural, number)
    return _filled(text, {"num": format_number(number)} | values)


def pgettext(context: str, message: str, /, **values: object) -> str:
    """Like `gettext`, for a text that has several meanings in English.

    Args:
        context: tells translators which meaning it has, such as "verb".
        message: the text.
        values: the values.
    """
    return _filled(translations(current_language()).pgettext(context, message), values)


def npgettext(context: str, singular: str, plural: str, number: int, /, **values: object) -> str:
    """`ngettext` with the context of `pgettext`."""
    text = translations(current_language()).npgettext(context, singular, plural, number)
    return _filled(text, {"num": format_number(number)} | values)


def _filled(text: str, values: Mapping[str, object]) -> str:
    """A translation with its values."""
    return text % {name: _isolated(str(value)) for name, value in values.items()}


def _isolated(value: str) -> str:
    """A value that keeps its direction to itself where it may be another than that of the text:
    otherwise its punctuation would stand at the wrong end, or the text would be turned."""
    is_turned = text_direction(current_language()) == "rtl" or (
        not value.isascii() and RIGHT_TO_LEFT.search(value)
    )
    return f"\u2068{value}\u2069" if is_turned else value
