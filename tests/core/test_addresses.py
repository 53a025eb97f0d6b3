"""Bare addresses become links by the rules of GitHub Flavored Markdown, 6.9."""

import re
from collections.abc import Callable
from html import unescape

import pytest

from blog.core.text.markdown import render_document, render_inline

LINK = re.compile(r'<a href="([^"]*)" rel="nofollow noopener ugc">([^<]*)</a>')


def links_in(html: str) -> list[tuple[str, str]]:
    """The address and the text of each link."""
    return [(unescape(address), unescape(text)) for address, text in LINK.findall(html)]


@pytest.mark.parametrize("render", [render_document, render_inline])
@pytest.mark.parametrize(
    ("source", "shown"),
    [
        # The examples of the specification.
        ("www.commonmark.org", ["www.commonmark.org"]),
        ("Visit www.commonmark.org/help for more.", ["www.commonmark.org/help"]),
        ("Visit www.commonmark.org.", ["www.commonmark.org"]),
        ("Visit www.commonmark.org/a.b.", ["www.commonmark.org/a.b"]),
        (
            "www.google.com/search?q=Markup+(business)",
            ["www.google.com/search?q=Markup+(business)"],
        ),
        (
            "www.google.com/search?q=Markup+(business)))",
            ["www.google.com/search?q=Markup+(business)"],
        ),
        (
            "(www.google.com/search?q=Markup+(business))",
            ["www.google.com/search?q=Markup+(business)"],
        ),
        (
            "www.google.com/search?q=(business))+ok",
            ["www.google.com/search?q=(business))+ok"],
        ),
        (
            "www.google.com/search?q=commonmark&hl=en",
            ["www.google.com/search?q=commonmark&hl=en"],
        ),
        ("www.google.com/search?q=commonmark&hl;", ["www.google.com/search?q=commonmark"]),
        ("www.commonmark.org/he<lp", ["www.commonmark.org/he"]),
        ("http://commonmark.org", ["http://commonmark.org"]),
        (
            "(Visit https://encrypted.google.com/search?q=Markup+(business))",
            ["https://encrypted.google.com/search?q=Markup+(business)"],
        ),
        ("foo@bar.baz", ["foo@bar.baz"]),
        (
            "hello@mail+xyz.example isn't valid, but hello+xyz@mail.example is.",
            ["hello+xyz@mail.example"],
        ),
        ("a.b-c_d@a.b", ["a.b-c_d@a.b"]),
        ("a.b-c_d@a.b.", ["a.b-c_d@a.b"]),
        ("a.b-c_d@a.b-", []),
        ("a.b-c_d@a.b_", []),
        # What is no address.
        ("README.md, example.com and main.py", []),
        ("www.x http:// https:// :// www. @ a@ @b.c http://_ ftp://a.b/", []),
        ("http://a.b_c xhttp://a.b/ x.www.a.b/", []),
        ("http://bank.example@evil.example/", []),
        ("`http://a.b` \\http://a.b", []),
        # Where one ends.
        ("https://a.b: see", ["https://a.b"]),
        ("https://a.b/c: see https://a.b:80/c, 'https://a.b/d'", [
            "https://a.b/c", "https://a.b:80/c", "https://a.b/d"]),
        ("~~https://a.b/c~~ **www.a.b.c** *http://a.b/x*y* __http://a.b/__init__.py__", [
            "https://a.b/c", "www.a.b.c", "http://a.b/x*y", "http://a.b/__init__.py"]),
        ("[https://a.b/c] (https://a.b/d) <https://a.b/[e]> \"https://a.b/[f]\"", [
            "https://a.b/c", "https://a.b/d", "https://a.b/[e]", "https://a.b/[f]"]),
        ("看http://a.b/中文，好。www.a.b.c。（https://a.b/d）", [
            "http://a.b/中文", "www.a.b.c", "https://a.b/d"]),
        ("HTTP://localhost:5000/x#y mailto:a@b.co", ["HTTP://localhost:5000/x#y", "mailto:a@b.co"]),
        ("https://a.b/\u202ec https://a.b/\u200bd", ["https://a.b/"] * 2),
        # It is shown as it was written.
        ("https://a.b/%E2%80%AEmoc.knab", ["https://a.b/%E2%80%AEmoc.knab"]),
        ("<https://a.b/%E2%80%AEmoc.knab>", ["https://a.b/%E2%80%AEmoc.knab"]),
        ("<https://xn--e1afmkfd.example/>", ["https://xn--e1afmkfd.example/"]),
    ],
)  # fmt: skip
def test_addresses(render: Callable[[str], str], source: str, shown: list[str]) -> None:
    assert [text for _, text in links_in(render(source))] == shown


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("www.a.b.c", "http://www.a.b.c"),
        ("a@b.co", "mailto:a@b.co"),
        ("mailto:a@b.co", "mailto:a@b.co"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
    ],
)
def test_where_a_link_leads(source: str, address: str) -> None:
    assert links_in(render_document(source)) == [(address, source)]


def test_there_is_no_link_within_a_link() -> None:
    assert links_in(render_document("[see http://a.b/[c] www.a.b.c](https://d.e)")) == [
        ("https://d.e", "see http://a.b/[c] www.a.b.c")
    ]
