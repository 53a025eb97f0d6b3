"""Markdown in, safe HTML out."""

from collections.abc import Callable
from html.parser import HTMLParser
from random import Random

import pytest

from blog.core.text.markdown import render_document, render_inline
from blog.core.text.syntax.code import LONGEST_HIGHLIGHTED


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
        ("# a\n\n## b\n\n###### c\n\na\n===\n\nb\n---", ["h2", "h3", "h4", "h2", "h3"]),
        ("## a\n\n#### b\n\n## c", ["h2", "h3", "h2"]),
        ("## a\n\n#### b\n\n### c\n\n##### d", ["h2", "h3", "h3", "h4"]),
        ("###### a", ["h2"]),
        ("### a\n\n> - # b", ["h2", "h2"]),
    ],
)
def test_headings_go_down_one_level_at_a_time_below_that_of_the_page(
    source: str, levels: list[str]
) -> None:
    html = render_document(source)
    assert [tag for tag, _ in elements_of(html) if tag.startswith("h")] == levels
    assert html.count("</h") == len(levels)


def test_a_table_is_rendered_with_its_alignment() -> None:
    html = render_document("| a | b | c | d |\n|---|:--|:-:|--:|\n| 1 | 2 | 3 | 4 |")
    for row in ("th", "abcd"), ("td", "1234"):
        tag, (none, left, center, right) = row
        assert f"<{tag}>{none}</{tag}>" in html
        assert f'<{tag} align="left">{left}</{tag}>' in html
        assert f'<{tag} align="center">{center}</{tag}>' in html
        assert f'<{tag} align="right">{right}</{tag}>' in html
    assert "style" not in html


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("    code", '<pre tabindex="0"><code>code\n</code></pre>'),
        ("![a *cat*](cat.png)", "<p>a cat</p>"),
        ("![a cat][1]\n\n[1]: cat.png", "<p>a cat</p>"),
        ("a ![](cat.png) b", "<p>a  b</p>"),
        ("![a <b>](c.png)", "<p>a &lt;b&gt;</p>"),
    ],
)
def test_code_by_spaces_and_images(source: str, html: str) -> None:
    assert render_document(source) == html


@pytest.mark.parametrize("render", [render_document, render_inline])
@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("[![a cat](a.png)](https://example.com/)", "a cat"),
        ("[![](a.png)](https://example.com/)", "https://example.com/"),
        ("[](https://example.com/)", "https://example.com/"),
        ("[*&nbsp;*](https://example.com/)", "https://example.com/"),
    ],
)
def test_a_link_always_has_something_to_see(
    render: Callable[[str], str], source: str, shown: str
) -> None:
    assert render(source).count(f">{shown}</a></p>") == 1


REFUSED = [
    "ftp://example.com", "javascript:alert(1)", "data:text/plain,a", "tel:123", "file:///etc",
    "http://[", "http://1.2.3.4.5", "https://example.com:99999999", "http://", "http://a b",
]  # fmt: skip


@pytest.mark.parametrize("render", [render_document, render_inline])
@pytest.mark.parametrize("address", REFUSED)
@pytest.mark.parametrize(
    "source", ["[x]({})", "<{}>", "[x](<{}>)", "[x][1]\n\n[1]: <{}>", "[![x]({})]({})", "{}"]
)
def test_a_link_whose_address_is_refused_is_plain_text(
    render: Callable[[str], str], address: str, source: str
) -> None:
    html = render(source.format(address, address))
    for tag, attributes in elements_of(html):
        assert tag != "a" or attributes["href"], html
    assert "<img" not in html


def test_every_link_leads_somewhere_whatever_its_address() -> None:
    chance = Random(1)
    parts = [
        "http:", "https://", "//", "mailto:", "a.b", "xn--", "[", "]", ":", "@", "%", "%zz",
        "\u00ad", "?", "#", "1.2", "9999999", "\\", ".", "é", "真", "x", "/", "_", "-",
        "&amp;", "\t", "ftp:",
    ]  # fmt: skip
    for _ in range(3_000):
        address = "".join(chance.choices(parts, k=chance.randint(1, 6)))
        html = render_document(f"[x](<{address}>) <{address}> {address} [y][1]\n\n[1]: {address}")
        for tag, attributes in elements_of(html):
            assert tag != "a" or "href" in attributes, address


@pytest.mark.parametrize("render", [render_document, render_inline])
@pytest.mark.parametrize(
    "source",
    ["", " ", "\u200b", "&nbsp;", "&#8203;", "\u3164", "\u2060\ufeff", "![](a.png)", "&shy;",
     "\u200e\u2068\u2069", "\u2800", "\U000e0100", "\x01"],
)  # fmt: skip
def test_what_shows_nothing_is_nothing(render: Callable[[str], str], source: str) -> None:
    assert not render(source)


@pytest.mark.parametrize("source", ["[a]: /b", "#", ">", "-", "```\n```", "|a|\n", "- \n- \u200b"])
def test_blocks_without_a_text_are_nothing_in_a_post(source: str) -> None:
    assert bool(render_document(source)) == ("|" in source)


@pytest.mark.parametrize("source", ["***", "`&nbsp;`", ".", "\U0001f600", "א", "[a](/b)", "1"])
def test_what_shows_something_is_kept(source: str) -> None:
    assert render_document(source)


@pytest.mark.parametrize(
    "source",
    ["_" * 60_000, "+-----+------+\n| a_b | [*c] |\n" * 1_000, "[![a](b)\n" * 6_000],
)
@pytest.mark.parametrize("fence", ["```\n{}\n```", "~~~\n{}\n~~~", "    {}"])
def test_code_is_not_charged_as_markdown(source: str, fence: str) -> None:
    if fence.startswith(" "):
        source = source.replace("\n", "\n    ")
    assert render_document(fence.format(source)).count("_") == source.count("_")


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
        "[![x](https://example.com/track.png)](javascript:alert(1))",
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


def test_a_comment_has_quotations_lists_and_code_but_is_no_article() -> None:
    html = render_inline("> *said*\n\n1. one\n\n- [x] two\n\n```python\nx = 1\n```")
    assert {tag for tag, _ in elements_of(html)} == {
        "blockquote", "code", "em", "input", "li", "ol", "p", "pre", "span", "ul",
    }  # fmt: skip
    source = "# not a title\n\n|a|\n|-|\n\nterm\n: not defined\n\n[^1]\n\n[^1]: no note\n\n---"
    html = render_inline(source)
    assert {tag for tag, _ in elements_of(html)} == {"p"}


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


@pytest.mark.parametrize(
    "source", ["a\n" + ">" * 10_000, "a\n" + "> " * 10_000, "- " * 10_000, "x" * 65_536]
)
def test_what_is_nested_deep_or_long_is_rendered(source: str) -> None:
    assert render_document(source)


def test_an_ordinary_text_of_64_kib_is_rendered() -> None:
    paragraph = "Some *words* of **ordinary** text, [a link](https://example.com) and `code`.\n\n"
    assert "<em>words</em>" in render_document((paragraph * 1000)[:65_536])
