"""Languages by their BCP 47 tags."""

import pytest

from blog.core.text.languages import direction, standard_language


@pytest.mark.parametrize(
    ("given", "tag"),
    [("en", "en"), ("PT-br", "pt-BR"), ("zh-hant", "zh-Hant"), ("de-1901", "de-1901"),
     ("en_US", "en-US"), ("iw", "he")],
)  # fmt: skip
def test_a_registered_language_is_written_as_usual(given: str, tag: str) -> None:
    assert standard_language(given) == tag


@pytest.mark.parametrize(
    "given", ["english", "xx", "e", "en-", "-", "en--US", "\u0435n", "a" * 36, "en\n", "1", "*"]
)
def test_anything_else_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="a language code"):
        standard_language(given)


def test_the_script_gives_the_direction() -> None:
    for tag in ("ar", "he", "fa-IR", "ur", "yi", "dv", "az-Arab", "und-Hebr"):
        assert direction(tag) == "rtl", tag
    for tag in ("en", "az", "ja", "zh-Hant", "ru", "he-Latn", "und", "x-private"):
        assert direction(tag) == "ltr", tag
