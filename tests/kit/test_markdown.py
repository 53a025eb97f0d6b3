"""Markdown in, safe HTML out."""

from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from blog.kit.markdown import (
    LONGEST_HIGHLIGHTED,
    TooIntricateError,
    render_document,
    render_inline,
)


class Elements(HTMLParser):
    """Collects the elements of a document as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("*a* **b** `c` ~~d~~", "<p><em>a</em> <strong>b</strong> <code>c</code> <s>d</s></p>"),
        ("# Title", "<h2>Title</h2>"),
        ("1. one\n2. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>"),
        ("3. three", '<ol start="3">\n<li>three</li>\n</ol>'),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("```\nx < 1\n```", '<pre tabindex="0"><code>x &lt; 1\n</code></pre>'),
        ("```klingon\nx < 1\n```", '<pre tabindex="0"><code>x &lt; 1\n</code></pre>'),
    ],
)
def test_commonmark_is_rendered(source: str, html: str) -> None:
    assert render_document(source).strip() == html


@pytest.mark.parametrize(
    ("source", "levels"),
    [
        ("# a\n\n## b\n\n###### c\n\na\n===\n\nb\n---", ["h2", "h3", "h6", "h2", "h3"]),
        ("## a\n\n#### b\n\n## c", ["h2", "h4", "h2"]),
        ("###### a", ["h2"]),
        ("### a\n\n> - # b", ["h4", "h2"]),
    ],
)
def test_headings_have_their_place_below_the_one_of_the_page(
    source: str, levels: list[str]
) -> None:
    html = render_document(source)
    assert [tag for tag, _ in elements_of(html) if tag.startswith("h")] == levels
    assert html.count("</h") == len(levels)


def test_a_table_is_rendered() -> None:
    html = render_document("| a | b |\n|---|---|\n| 1 | 2 |")
    assert "<th>a</th>" in html
    assert "<td>2</td>" in html


def test_links_are_marked_as_other_peoples_words() -> None:
    for source in ("[there](https://example.com)", "https://example.com", "<https://example.com>"):
        html = render_document(source)
        assert 'href="https://example.com"' in html
        assert 'rel="nofollow noopener ugc"' in html


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://example.com/track.png)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:alert(1))",
        '<a href="https://example.com" onclick="alert(1)">x</a>',
        '[x](https://example.com "a\\" onmouseover=\\"alert(1)")',
        "<svg onload=alert(1)>",
        "<iframe src=https://example.com>",
        "<style>body{display:none}</style>",
    ],
)
@pytest.mark.parametrize("render", [render_document, render_inline])
def test_nothing_active_comes_through(render: Callable[[str], str], source: str) -> None:
    elements = Elements()
    elements.feed(render(source))
    for tag, attributes in elements.found:
        assert tag in {"p", "a"}
        assert set(attributes) <= {"href", "rel", "title"}
        assert attributes.get("href", "https:").startswith("https:")


def test_a_comment_has_no_blocks() -> None:
    html = render_inline("# not a title\n\n> *but* emphasis")
    assert "<h1" not in html
    assert "<blockquote" not in html
    assert "<em>but</em>" in html


def test_code_is_coloured_by_class() -> None:
    html = render_document("```python\nx = 1  # one\n```")
    assert '<span class="mi">1</span>' in html
    assert '<span class="c1"># one</span>' in html
    assert "style=" not in html


@pytest.mark.parametrize("code", ["x" * 201, "x = 1\n" * (LONGEST_HIGHLIGHTED // 6 + 1)])
def test_code_that_would_take_long_is_not_coloured(code: str) -> None:
    assert "<span" not in render_document(f"```python\n{code}\n```")


def test_a_class_is_never_the_writers() -> None:
    html = render_document('```x" class="y\ncode\n```\n\n`<span class="notice">`')
    assert all("class" not in attributes for _, attributes in elements_of(html))


def elements_of(html: str) -> list[tuple[str, dict[str, str | None]]]:
    elements = Elements()
    elements.feed(html)
    return elements.found


PATTERNS = [
    "[", "]", "[]", "[a](", "](", "![", "*", "**a", "*a ", "a**b", "_a __b ", "`", "`a``b", "~~a~",
    "<", "<a ", "<!--", "&", "&amp;", "\\", "- a\n", "- ", "> ", ">", "> - ", "1. ", "|a", "|a|\n",
    "# a\n", "---\n", "a\n===\n", "```\n", "    a\n\n", "[a]: /b\n", "<http://a.b> ",
    "http://a.b ", "www.a.b ", "a@b.co ", "://", "a://", "mailto:", "\n", "a  \n", "a", "\u202e",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_64_kib_of_any_pattern_are_rendered_or_refused(pattern: str) -> None:
    """How long it takes is measured by `benchmarks/rendering.py`; here only that it ends."""
    source = (pattern * 65_536)[:65_536]
    try:
        html = render_document(source)
    except TooIntricateError:
        return
    assert "<script" not in html


@pytest.mark.parametrize("source", [">" * 10_000, "> " * 10_000, "- " * 10_000, "x" * 65_536])
def test_what_is_nested_deep_or_long_is_rendered(source: str) -> None:
    assert render_document(source)


def test_an_ordinary_text_of_64_kib_is_rendered() -> None:
    paragraph = "Some *words* of **ordinary** text, [a link](https://example.com) and `code`.\n\n"
    assert "<em>words</em>" in render_document((paragraph * 1000)[:65_536])
