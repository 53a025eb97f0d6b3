"""The translations: `blog/locales/<language>/LC_MESSAGES/messages.po`.

A catalog is read when its language is first used, so no compiled files have to be stored.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from blog.core.i18n.languages import SOURCE

FOLDER = Path(__file__).resolve().parents[2] / "locales"
# The texts of files in this folder are needed in the browser.
SCRIPTS = "static/js/"


def catalog_file(language: str) -> Path:
    """The file with the translations into a language."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


class _Texts(NamedTuple):
    """What is kept of a catalog."""

    translations: NullTranslations
    for_scripts: Mapping[str, str | Sequence[str]]


def translations(language: str) -> NullTranslations:
    """The translations into a language; none for the source language, or an unknown one."""
    return _read(language).translations


def script_texts(language: str) -> Mapping[str, str | Sequence[str]]:
    """The translations that scripts need, by the English text; all plural forms if there are
    several."""
    return _read(language).for_scripts


def load(language: str) -> None:
    """Read the catalog of a language now, so that no request has to wait."""
    _read(language)


@cache
def _read(language: str) -> _Texts:
    """Read the catalog of a language once: it takes 0.15 s of processor time."""
    file = catalog_file(language)
    if language == SOURCE or not file.is_file():
        return _Texts(NullTranslations(), {})
    with file.open("rb") as source:
        catalog = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    for_scripts = {
        message.id if isinstance(message.id, str) else message.id[0]: message.string
        for message in catalog
        if any(file.startswith(SCRIPTS) for file, _line in message.locations) and message.string
    }
    return _Texts(GNUTranslations(compiled), for_scripts)
