"""The catalogs: fresh, complete where they are offered, and with the values of the texts."""

import re
from functools import cache
from itertools import combinations

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from blog.core.i18n import (
    COMPLETE,
    LANGUAGES,
    SOURCE,
    format_date,
    format_day,
    format_decimal,
    format_number,
    format_percent,
    using_language,
)
from blog.core.i18n.catalogs import catalog_file
from blog.core.i18n.extraction import build_files

TRANSLATED = [language for language in LANGUAGES if language != SOURCE]
PLACEHOLDER = re.compile(r"%(?:\(\w+\)s|%)|%")


@cache
def catalog(language: str) -> Catalog:
    with catalog_file(language).open("rb") as file:
        return read_po(file, locale=language)


def forms(texts: object) -> list[str]:
    return list(texts) if isinstance(texts, tuple | list) else [str(texts)]


def test_the_template_and_the_catalogs_have_the_texts_of_the_source() -> None:
    stale = [
        file.name for file, content in build_files().items()
        if not file.is_file() or file.read_bytes() != content
    ]  # fmt: skip
    assert not stale, "run make messages"


def test_no_translation_is_in_another_language() -> None:
    """Two languages may share a word, but no sentence."""
    for one, other in combinations(TRANSLATED, 2):
        shared = [
            text
            for message in catalog(one) if message.id
            for text in {*forms(message.string)} & {*forms(same(message, other).string)}
            if len(re.sub(r"%\(\w+\)s|<[^>]*>|[^\w\s]", "", text).split()) > 1
        ]  # fmt: skip
        assert not shared, (one, other)


def same(message: Message, language: str) -> Message:
    """The message of the same text in another catalog."""
    found = catalog(language).get(forms(message.id)[0], message.context)
    assert found
    return found


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_values_of_its_text_and_no_other_markup(language: str) -> None:
    wrong = []
    for message in catalog(language):
        if message.id and message.string and any(forms(message.string)):
            wrong += [text for text in forms(message.string) if not fits(message, text)]
    assert not wrong


def fits(message: Message, text: str) -> bool:
    """Whether a translation has all values; one form of a number may do without it."""
    originals = forms(message.id)
    wanted = {found for original in originals for found in PLACEHOLDER.findall(original)}
    found = set(PLACEHOLDER.findall(text))
    tags = {tuple(sorted(re.findall(r"<[^>]*>", original))) for original in originals}
    left_out = wanted - found
    is_plural = len(originals) > 1
    return (
        found <= wanted
        and (not left_out or (is_plural and left_out <= {"%(num)s"}))
        and tuple(sorted(re.findall(r"<[^>]*>", text))) in tags
    )


@pytest.mark.parametrize("language", [code for code in COMPLETE if code != SOURCE])
def test_a_language_that_is_offered_by_default_lacks_no_text(language: str) -> None:
    missing = [
        message.id for message in catalog(language)
        if message.id and (message.fuzzy or not all(forms(message.string)))
    ]  # fmt: skip
    assert not missing


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_writes_numbers_and_dates(language: str) -> None:
    from datetime import date

    with using_language(language):
        assert "5" in format_number(12_345)
        assert "2026" in format_date(date(2026, 11, 27))
        assert format_day(date(2026, 11, 27)).count("27") == 1
        assert format_decimal(1.2345)[1:].strip(".,٫") == "23"
        assert "25" in format_percent(25)
