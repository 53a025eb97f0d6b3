"""Markdown in, safe HTML out."""

from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from blog.kit.markdown import render_document, render_inline


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
        ("# Title", "<h1>Title</h1>"),
        ("1. one\n2. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>"),
        ("3. three", '<ol start="3">\n<li>three</li>\n</ol>'),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("```python\nx < 1\n```", "<pre><code>x &lt; 1\n</code></pre>"),
    ],
)
def test_commonmark_is_rendered(source: str, html: str) -> None:
    assert render_document(source).strip() == html


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
