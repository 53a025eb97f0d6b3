"""Detection of weak passwords."""

import pytest

from blog.core.crypto.weak_passwords import COMMONEST, is_common, is_made_of, is_regular

KNOWN = ("susan", "susan.miller@example.com", "The Daily Robin")


@pytest.mark.parametrize("password", ["password1", "PASSWORD1", "iloveyou", "qwertyuiop"])
def test_common_passwords_are_known_in_any_case(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize("password", ["correct horse battery", "Tr0ub4dor&3", "x" * 128])
def test_uncommon_passwords_are_not_in_the_list(password: str) -> None:
    assert not is_common(password)


def test_the_list_has_thousands_of_passwords() -> None:
    assert len(COMMONEST) > 10_000


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaa",
        " " * 8,
        "\u3000" * 8,
        "abababab",
        "abcabcabc",
        "AbCaBcAb",
        "12341234",
        "x" * 128,
        "abcdefgh",
        "hgfedcba",
        "98765432",
        "stuvwxyz",
    ],
)
def test_a_few_characters_that_are_repeated_or_counted_up_are_regular(password: str) -> None:
    assert is_regular(password)


@pytest.mark.parametrize("password", ["correct horse battery", "abcdefgx", "aaaaaaab", "12345123"])
def test_ordinary_passwords_are_not_regular(password: str) -> None:
    assert not is_regular(password)


@pytest.mark.parametrize(
    "password",
    [
        "susan",
        "SUSAN",
        "susan123",
        "!!susan!!",
        "1Susan2024",
        "susan.miller@example.com",
        "susanmiller",
        "Susan_Miller99",
        "thedailyrobin",
        "The Daily Robin!",
        "the-daily-robin1",
    ],
)
def test_a_word_that_everybody_knows_stays_one_with_digits_around_it(password: str) -> None:
    assert is_made_of(password, KNOWN)


@pytest.mark.parametrize("password", ["12345678", "susans boat", "my susan", "daily robin", ""])
def test_ordinary_passwords_are_not_made_of_known_words(password: str) -> None:
    assert not is_made_of(password, (*KNOWN, ""))
