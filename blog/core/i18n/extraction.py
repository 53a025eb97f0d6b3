"""`make messages`: extract the texts of the source, and update the catalogs.

`blog/locales/messages.pot` has all texts. New ones are added to the catalog of each language, to be
translated, and those that are gone are removed. The files have no dates and no line numbers, so
they change only with the texts.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from blog.core.i18n.catalogs import FOLDER, catalog_file
from blog.core.i18n.languages import LANGUAGES, SOURCE

PROJECT = FOLDER.parents[1]
TEMPLATE = FOLDER / "messages.pot"
KEYWORDS = DEFAULT_KEYWORDS | {"lazy_gettext": None, "lazy_pgettext": ((1, "c"), 2)}
# Comments for translators, right above a text, begin with this.
COMMENTS = ("Translators:",)
JINJA = {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
# The files that may have texts, a pattern that those with texts match, and the extraction method.
SOURCES: tuple[tuple[str, re.Pattern[bytes], Any, dict[str, str]], ...] = (
    ("blog/**/*.py", re.compile(rb"core\.i18n"), "python", {}),
    ("static/js/**/*.js", re.compile(rb"gettext"), "javascript", {}),
    ("templates/**/*.*", re.compile(rb"gettext|_\(|trans"), babel_extract, JINJA),
)
# Headers that differ from run to run, or carry no information.
LEFT_OUT = re.compile(
    rb'"(POT-Creation-Date|PO-Revision-Date|Generated-By|Report-Msgid-Bugs-To|Last-Translator'
    rb"|Language-Team|Project-Id-Version):"
)


def extract_messages() -> Iterator[tuple[str, Any, list[str], str | None]]:
    """Extract all texts of the source, with their file, comments and context."""
    for pattern, word, method, options in SOURCES:
        for file in sorted(PROJECT.glob(pattern)):
            content = file.read_bytes()
            if not word.search(content):
                continue
            found = extract(method, io.BytesIO(content), KEYWORDS, COMMENTS, options)
            for _line, message, comments, context in found:
                yield file.relative_to(PROJECT).as_posix(), message, comments, context


def build_template() -> Catalog:
    """Build a catalog of all texts, without translations."""
    catalog = Catalog(project="Broadside", charset="utf-8", fuzzy=False)
    for file, message, comments, context in extract_messages():
        catalog.add(message, locations=[(file, 0)], auto_comments=comments, context=context)
    return catalog


def serialise(catalog: Catalog) -> bytes:
    """Serialise a catalog to the content of its file."""
    file = io.BytesIO()
    catalog.header_comment = "# The texts of Broadside: docs/contributing.md, Translating."
    write_po(file, catalog, width=100, include_lineno=False, ignore_obsolete=True)
    lines = file.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not LEFT_OUT.match(line))


def update_catalog(language: str, texts: Catalog) -> Catalog:
    """Update the catalog of a language to have exactly the texts of a template."""
    file = catalog_file(language)
    catalog = Catalog(locale=language, project="Broadside", charset="utf-8", fuzzy=False)
    if file.is_file():
        with file.open("rb") as source:
            catalog = read_po(source, locale=language)
    catalog.update(texts, no_fuzzy_matching=True)
    return catalog


def build_files() -> dict[Path, bytes]:
    """Build the content of the template and the catalogs."""
    texts = build_template()
    translated = (language for language in LANGUAGES if language != SOURCE)
    return {TEMPLATE: serialise(texts)} | {
        catalog_file(language): serialise(update_catalog(language, texts))
        for language in translated
    }


def update() -> None:
    """Write the template and the catalogs."""
    for file, content in build_files().items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


if __name__ == "__main__":
    update()
