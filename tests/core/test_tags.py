"""Tags: how they are cleaned, compared and refused."""

import time

import pytest
from pydantic import BaseModel, ValidationError

from blog.core.text.tags import MOST_TAGS, TagLine, Tags, fold_tag


class Listed(BaseModel):
    tags: Tags


class Line(BaseModel):
    tags: TagLine


@pytest.mark.parametrize(
    ("given", "tags"),
    [
        (["#python", "##web  dev ", "C#"], ["python", "web dev", "C#"]),
        (["Straße", "STRASSE", "Ｔram", "tram", "ﬁne", "fine"], ["Straße", "Ｔram", "ﬁne"]),
        (["❤️", "❤", "👨‍👩‍👧"], ["❤️", "👨‍👩‍👧"]),
        (["", " # ", "\u200b"], []),
        (["a\tb\x07\nc"], ["a b c"]),
        (["תל אביב", "深圳"], ["תל אביב", "深圳"]),
    ],
)
def test_tags_are_cleaned_and_each_is_kept_once(given: list[str], tags: list[str]) -> None:
    assert Listed(tags=given).tags == tags


def test_a_form_sends_them_with_commas_of_any_script() -> None:
    assert Line(tags="#a, b，c、d، e,,\nf").tags == ["a", "b", "c", "d", "e", "f"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([str(number) for number in range(MOST_TAGS + 1)], "at most 10 tags"),
        ([str(number) for number in range(1_000)], "at most 10 tags"),
        (["x"] * 1_000, "at most 10 tags"),
        (["x"] * 11, "at most 10 tags"),
        (["x" * 51], "at most 50 characters"),
        (["\ufdfa" * 50], "at most 50 characters"),
        (["a,b"], "comma"),
        (["a，b"], "comma"),
        (["..", "/"], "a letter, a digit or a symbol"),
        (["a\ufffe"], "U.FFFE"),
        (["a\0"], "U.0000"),
        (["a\ud800"], "unicode"),
        ([7], "list of strings"),
        ("a", "list of strings"),
        (None, "list of strings"),
    ],
)
def test_other_tags_are_refused_with_words(given: object, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Listed(tags=given)  # type: ignore[arg-type]


def test_folded_tags_are_equal_where_their_readers_see_no_difference() -> None:
    assert fold_tag("Ⅻ Tables") == fold_tag("xii tables")
    assert fold_tag("Ångström") == fold_tag("A\u030angstro\u0308m")
    assert fold_tag("a b") != fold_tag("ab")


def test_no_list_takes_long() -> None:
    began = time.process_time()
    for given in (["a\u0301\u0323" * 100_000], ["x"] * 200_000, ["\u0301" * 500_000]):
        with pytest.raises(ValidationError):
            Listed(tags=given)
    assert time.process_time() - began < 0.5
