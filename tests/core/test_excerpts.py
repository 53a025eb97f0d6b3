"""The beginning of a post."""

import random
import re
from html import unescape

import nh3
import pytest

from blog.core.text import mathml
from blog.core.text.excerpts import (
    ELLIPSIS,
    LONGEST,
    MOST_LINES,
    NEEDED,
    excerpt,
    shown_in_lists,
)
from blog.core.text.markdown import render_document

PIECES = [
    "A paragraph of some words, *emphasis*, **more of it** and `code & <such>`.\n\n",
    "# A heading\n\n",
    "###### Another one\n\n",
    "> A quotation\n> > in a quotation\n\n",
    "- one\n- two\n  - three\n    1. four\n\n",
    "```python\nfor number in range(10):\n    print(f'{number}')\n```\n\n",
    "```\n" + "line\n" * 40 + "```\n\n",
    "| a | b |\n|:--|--:|\n| 1 | 2 |\n| 3 | 4 |\n\n",
    "[a link](https://example.com/?a=1&b=%3E 'with a > \" title') and https://example.com/x\n\n",
    "[far](https://example.com/" + "a" * 900 + ")\n\n",
    "---\n\n",
    "一段沒有空格的文字" * 30 + "\n\n",
    "&amp;" * 300 + "\n\n",
    "a" * 2_000 + "\n\n",
    "👩‍👩‍👧‍👦" * 100 + "\n\n",
    "e\u0301" * 600 + "\n\n",
    "line  \n" * 60 + "\n\n",
    "~~gone~~ " * 100 + "\n\n",
    "שלום עולם " * 20 + "\n\n",
    "[toc]\n\n",
    "A note[^1], another[^other] and a [way](#a-heading).\n\n[^1]: The [note][^other].\n\n"
    "[^other]: Another.\n\n",
    "- [ ] to do\n- [x] done\n\n",
    "Term\n: Its definition\n\n",
    "> [!WARNING]\n> ==Look out==, $a^2 < \\frac{b}{c}$.\n\n",
    "$$\n\\begin{pmatrix}" + "a & b \\\\ " * 60 + "\\end{pmatrix}\n$$\n\n",
    "```python {1,3}\na = 1\nb = 2\nc = 3\n```\n\n",
]
# Ids are not in it.
EVERYTHING = {
    "tags": nh3.ALLOWED_TAGS | mathml.ELEMENTS | {"input", "section"},
    "attributes": {
        "*": {
            "class",
            "tabindex",
            "title",
            "href",
            "start",
            "align",
            "style",
            "role",
            "display",
            "aria-label",
            "type",
            "disabled",
            "checked",
            "alttext",
            "stretchy",
        },
    },
    "link_rel": "nofollow noopener ugc",
}


def text_of(html: str) -> str:
    """What is read, without spaces and footnotes and with the sources of formulas."""
    html = re.sub(r"<sup>.*?</sup>|<section.*</section>|<nav.*?</nav>", "", html, flags=re.DOTALL)
    html = re.sub(r'<math.*?alttext="(.*?)".*?</math>', r"\1", html, flags=re.DOTALL)
    return re.sub(r"\s", "", unescape(re.sub(r'<(?:[^">]|"[^"]*")*>', "", html)))


def balanced(html: str) -> bool:
    """Whether each element that begins ends, in the right order."""
    opened = []
    for end, name in re.findall(r'<(/?)([a-z0-9]+)(?:[^">]|"[^"]*")*>', html):
        if name in {"br", "hr", "input"}:
            continue
        if not end:
            opened.append(name)
        elif not opened or opened.pop() != name:
            return False
    return not opened


def test_an_excerpt_is_short_and_well_formed_and_starts_like_the_text(
    subtests: pytest.Subtests,
) -> None:
    for seed in range(150):
        with subtests.test(seed=seed):
            assert_excerpt(seed)


def assert_excerpt(seed: int) -> None:
    """Check the excerpt of a text that is put together by chance."""
    chance = random.Random(seed)
    source = "".join(chance.choices(PIECES, k=chance.randint(1, 12)))
    html = render_document(source).strip()
    cut = excerpt(html)
    if cut is None:
        shown, is_cut = shown_in_lists(None, html, len(html.encode()))
        assert not is_cut
        assert len(shown.encode()) <= LONGEST
        assert nh3.clean(shown, **EVERYTHING) == shown
        assert text_of(shown) == text_of(html)
        return
    assert len(cut.encode()) <= LONGEST
    assert balanced(cut)
    assert nh3.clean(cut, **EVERYTHING) == cut
    assert text_of(html).startswith(text_of(cut).removesuffix(ELLIPSIS))
    assert not re.search(r"<(p|li|td|th|h\d|a|pre|code|ul|ol)\b[^>]*>\s*</", cut)
    assert excerpt(html[:NEEDED]) == cut, "the beginning is enough"


def test_a_short_text_is_not_cut() -> None:
    for html in (
        "",
        "<p>x</p>",
        "<p>x</p>\n",
        f"<p>{'word ' * 190}</p>",
        "<hr><ul><li>a</li></ul>",
    ):
        assert excerpt(html) is None


def test_words_are_cut_between_and_not_within() -> None:
    cut = excerpt(f"<p>{'word ' * 500}</p>")
    assert cut
    assert re.fullmatch(rf"<p>(word )+word{ELLIPSIS}</p>", cut)


def test_a_text_of_many_lines_is_cut() -> None:
    for source in ("- a\n" * 100, "a  \n" * 100, "```\n" + "a\n" * 100 + "```"):
        cut = excerpt(render_document(source))
        assert cut
        assert text_of(cut).count("a") == MOST_LINES, source


def test_no_character_and_no_entity_is_taken_apart() -> None:
    for text in ("👩‍👩‍👧‍👦" * 100, "e\u0301" * 900, "&amp;" * 900, "好" * 900):
        for before in range(8):
            cut = excerpt(f"<p>{'x' * before}{text}</p>")
            assert cut
            assert re.fullmatch(rf"<p>x*(👩‍👩‍👧‍👦|e\u0301|&amp;|好)+{ELLIPSIS}</p>", cut), ascii(
                cut
            )


def test_a_link_that_is_longer_than_the_excerpt_leaves_its_text() -> None:
    cut = excerpt(f'<p><a href="https://example.com/{"a" * 3_000}">here</a> {"word " * 500}</p>')
    assert cut
    assert cut.startswith("<p>here word ")


def test_what_refers_to_another_place_is_left_out() -> None:
    html = render_document("# A\n\n[toc]\n\nb[^1] [c](#a) d\n\n[^1]: e")
    assert excerpt(html) == "<h2>A</h2>\n<p>b c d</p>"


def test_headings_alone_are_no_reason_to_read_on() -> None:
    html = render_document("# A\n\n[b](#a)")
    assert shown_in_lists(excerpt(html), html, len(html)) == ("<h2>A</h2>\n<p>b</p>", False)


def test_text_that_looks_like_an_id_is_kept() -> None:
    html = render_document(
        '`<h2 id="x">` <sup><a id="x" href="#">1</a></sup> [b](/c \'<h2 id="d">\')'
    )
    assert shown_in_lists(excerpt(html), html, len(html)) == (html, False)


def test_a_formula_is_shown_whole_or_as_it_is_written() -> None:
    html = render_document("$a^2$ " + "word " * 185 + "$b^2$ $c^2$")
    cut = excerpt(html)
    assert cut
    assert '<math alttext="a^2"><mrow><msup><mi>a</mi><mn>2</mn></msup></mrow></math>' in cut
    assert cut.count("<math") == cut.count("</math>") == 1
    assert cut.endswith("word b^2 c^2</p>")
