"""The outline of a text."""

import pytest

from blog.core.text.markdown import render_document
from blog.core.text.outline import outline

THREE = "# On *trams*\n\n## Why & when\n\n# On buses"


def test_a_long_text_has_an_outline_of_its_upper_headings() -> None:
    headings = outline(render_document(THREE + "\n\n## Late\n\n### How late"))
    assert headings == (
        ("text-on-trams", "On trams", False),
        ("text-why-when", "Why & when", True),
        ("text-on-buses", "On buses", False),
        ("text-late", "Late", True),
    )


@pytest.mark.parametrize(
    "source", ["# One\n\n# Two", "[toc]\n\n" + THREE, "Words.", "# A\n\n" * 51]
)
def test_a_short_text_and_one_with_its_own_contents_have_none(source: str) -> None:
    assert outline(render_document(source)) == ()
