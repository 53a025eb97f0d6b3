"""Numbers with nouns."""

import pytest

from blog.core.text.counting import counted


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 posts"), (1, "1 post"), (2, "2 posts"), (12345, "12,345 posts")]
)
def test_only_one_is_singular(number: int, text: str) -> None:
    assert counted(number, "post") == text
