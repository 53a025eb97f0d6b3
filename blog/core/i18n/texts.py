"""Texts in the current language."""

from collections.abc import Mapping

from blog.core.i18n.catalogs import translations
from blog.core.i18n.current import current_language
from blog.core.i18n.directions import isolate
from blog.core.i18n.formatting import format_number


def gettext(message: str, /, **values: object) -> str:
    """Translate a text into the current language.

    Args:
        message: the text in English, a literal. Placeholders are `%(name)s`, and a percent sign is
            `%%`.
        values: the values of the placeholders.
    """
    return _fill_in(translations(current_language()).gettext(message), values)


def ngettext(singular: str, plural: str, number: int, /, **values: object) -> str:
    """Translate a text that depends on a number, whose placeholder is `%(num)s`.

    Args:
        singular, plural: the texts in English; other languages have up to six forms.
        number: selects the form.
        values: further values.
    """
    text = translations(current_language()).ngettext(singular, plural, number)
    return _fill_in(text, {"num": format_number(number)} | values)


def pgettext(context: str, message: str, /, **values: object) -> str:
    """Like `gettext`, for a text that has several meanings in English.

    Args:
        context: the meaning, for translators, such as "verb".
        message: the text.
        values: the values.
    """
    return _fill_in(translations(current_language()).pgettext(context, message), values)


def npgettext(context: str, singular: str, plural: str, number: int, /, **values: object) -> str:
    """`ngettext` with the context of `pgettext`."""
    text = translations(current_language()).npgettext(context, singular, plural, number)
    return _fill_in(text, {"num": format_number(number)} | values)


def _fill_in(text: str, values: Mapping[str, object]) -> str:
    """Fill values into a translation."""
    return text % {name: isolate(str(value)) for name, value in values.items()}
