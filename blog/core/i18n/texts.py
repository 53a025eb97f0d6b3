"""Texts in the current language."""

from collections.abc import Mapping

from blog.core.i18n.catalogs import translations
from blog.core.i18n.current import current_language
from blog.core.i18n.directions import isolated
from blog.core.i18n.formatting import format_number


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
    return text % {name: isolated(str(value)) for name, value in values.items()}
