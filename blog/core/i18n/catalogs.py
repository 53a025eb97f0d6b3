"""The translations: `blog/locales/<language>/LC_MESSAGES/messages.po`.

A catalog is read when its language is first used, so no compiled files have to be stored.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from blog.core.i18n.languages import SOURCE

FOLDER = Path(__file__).resolve().parents[2] / "locales"
# The texts of files in this folder are needed in the browser.
SCRIPTS = "static/js/"


def catalog_file(language: str) -> Path:
    """The file with the translations into a language."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


@cache
def translations(language: str) -> NullTranslations:
    """The translations into a language; none for the source language, or an unknown one."""
    catalog = _catalog(language)
    if catalog is None:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def script_texts(language: str) -> Mapping[str, str | Sequence[str]]:
    """The translations that scripts need, by the English text; all plural forms if there are
    several."""
    catalog = _catalog(language)
    if catalog is None:
        return {}
    return {
        message.id if isinstance(message.id, str) else message.id[0]: message.string
        for message in catalog
        if any(file.startswith(SCRIPTS) for file, _line in message.locations) and message.string
    }


def load(language: str) -> None:
    """Read the catalog of a language now, so that no request has to wait."""
    translations(language)
    script_texts(language)


def _catalog(language: str) -> Catalog | None:
    file = catalog_file(language)
    if language == SOURCE or not file.is_file():
        return None
    with file.open("rb") as source:
        return read_po(source, locale=language)
