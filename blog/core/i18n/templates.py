"""Texts in templates: `_`, `ngettext` and their siblings, and `{% trans %}`.

Jinja's extension for this would look each function up in the context again, and write numbers
without separators; only its tag is used.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import Environment, pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape

from blog.core.i18n.catalogs import script_texts, translations
from blog.core.i18n.current import current_language
from blog.core.i18n.directions import isolate
from blog.core.i18n.formatting import (
    format_date,
    format_datetime,
    format_decimal,
    format_list,
    format_month,
    format_number,
    format_percent,
)
from blog.core.i18n.languages import LANGUAGES, text_direction


def _fill_in(context: EvalContext, text: str, values: dict[str, Any]) -> str:
    """Fill values into a translation; in HTML they are escaped, and the translation is not.

    Plain text, as in emails, has no `<bdi>`, so the direction of values is isolated here.
    """
    if not context.autoescape:
        return text % {name: isolate(str(value)) for name, value in values.items()}
    # Most texts have no values, and `Markup` takes much longer to find that out.
    return _markup(text) % values if values or "%" in text else _markup(text)


@lru_cache(maxsize=10_000)
def _markup(text: str) -> Markup:
    return Markup(text)  # noqa: S704


@pass_eval_context
def _gettext(context: EvalContext, message: str, /, **values: Any) -> str:
    return _fill_in(context, translations(current_language()).gettext(message), values)


@pass_eval_context
def _ngettext(
    context: EvalContext, singular: str, plural: str, number: int, /, **values: Any
) -> str:
    text = translations(current_language()).ngettext(singular, plural, number)
    return _fill_in(context, text, values | {"num": format_number(number)})


@pass_eval_context
def _pgettext(context: EvalContext, meaning: str, message: str, /, **values: Any) -> str:
    return _fill_in(context, translations(current_language()).pgettext(meaning, message), values)


@pass_eval_context
def _npgettext(
    context: EvalContext, meaning: str, singular: str, plural: str, number: int, /, **values: Any
) -> str:
    text = translations(current_language()).npgettext(meaning, singular, plural, number)
    return _fill_in(context, text, values | {"num": format_number(number)})


def bdi(name: str) -> Markup:
    """Wrap a name in a sentence that may have another writing direction."""
    return Markup(f"<bdi>{escape(name)}</bdi>")  # noqa: S704


def _script_texts() -> Mapping[str, str | Sequence[str]]:
    return script_texts(current_language())


GLOBALS: dict[str, Callable[..., Any]] = {
    "_": _gettext,
    "gettext": _gettext,
    "ngettext": _ngettext,
    "pgettext": _pgettext,
    "npgettext": _npgettext,
    "bdi": bdi,
    "script_texts": _script_texts,
    "current_language": current_language,
    "text_direction": text_direction,
}
FILTERS: dict[str, Callable[..., Any]] = {
    "number": format_number,
    "decimal": format_decimal,
    "percent": format_percent,
    "long_date": format_date,
    "month": format_month,
    "date_and_time": format_datetime,
    "listed": format_list,
    "bdi": bdi,
    "isolate": isolate,
}


def add_translations(environment: Environment) -> None:
    """Add the tag `trans`, the functions and the filters to templates."""
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    # `{% trans %}` passes its values to the functions.
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    environment.globals.update(GLOBALS, language_names=LANGUAGES)
    environment.filters.update(FILTERS)
