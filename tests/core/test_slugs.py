"""Slugs that are made of titles, in every script."""

import pytest
from pydantic import BaseModel, ValidationError

from blog.core.text.slugs import LONGEST_SLUG, RESERVED, OwnSlug, is_slug_of, slug_of

SPELLED = {
    "The tram that never comes": "the-tram-that-never-comes",
    "Größe, façade & Ærø": "grosse-facade-aero",
    "Don’t panic, don't!": "dont-panic-dont",
    "Привет, мир": "privet-mir",
    "深圳 2026": "shen-zhen-2026",
    "iPhone or McIntosh": "iphone-or-mcintosh",
    "مرحبا بالعالم": "mrhb-bllm",
    "🎉": "tada",
    "  --  ": "post",
    "": "post",
    "!?": "post",
    "2026": "post-2026",
    "3.14": "post-3-14",
    "\u200b\u0301": "post",
    "Revisions": "post-revisions",
}


@pytest.mark.parametrize("title", SPELLED)
def test_a_title_is_spelled_in_latin_letters(title: str) -> None:
    assert slug_of(title) == SPELLED[title]


def test_any_character_makes_a_slug_that_is_never_empty_a_number_or_reserved() -> None:
    for code in [*range(0x20, 0xD800, 7), *range(0xE000, 0x11000, 7), *range(0x1F300, 0x1FB00)]:
        slug = slug_of(chr(code))
        assert slug.strip("-"), hex(code)
        assert slug == slug.encode("ascii").decode()
        assert not slug.replace("-", "").isdigit(), hex(code)
        assert slug not in RESERVED


def test_a_long_title_is_cut_between_words_or_in_a_long_word() -> None:
    slug = slug_of("incomprehensibilities " * 20)
    assert slug == "-".join(["incomprehensibilities"] * 3)
    assert slug_of("x" * 200) == "x" * LONGEST_SLUG


def test_a_slug_with_a_number_behind_it_was_made_of_the_title_too() -> None:
    assert is_slug_of("a-tram", "A tram")
    assert is_slug_of("a-tram-12", "A tram")
    assert not is_slug_of("a-tram-stop", "A tram")
    assert not is_slug_of("tram", "A tram")


class Wanted(BaseModel):
    slug: OwnSlug = None


@pytest.mark.parametrize(
    ("given", "slug"), [("a-tram", "a-tram"), (" A Tram! ", "a-tram"), ("", None), (None, None)]
)
def test_a_slug_of_ones_own_is_spelled_as_all_are(given: str | None, slug: str | None) -> None:
    assert Wanted(slug=given).slug == slug


@pytest.mark.parametrize("given", ["7", "2026-11", "!", "revisions", 7, ["a"]])
def test_a_slug_that_is_a_number_or_none_is_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        Wanted(slug=given)  # type: ignore[arg-type]
