"""Emphasis beside Chinese, Japanese and Korean, and everywhere else as CommonMark has it."""

from html import unescape

import pytest
from markdown_it import MarkdownIt

from blog.core.text.cjk import is_cjk
from blog.core.text.markdown import render_document

MARKS = "，。、；：？！“”‘’（）【】《》「」—～…·〃-々"


@pytest.mark.parametrize("mark", ["", *MARKS])
@pytest.mark.parametrize(("sign", "tag"), [("**", "strong"), ("*", "em"), ("~~", "s")])
def test_a_mark_within_does_not_keep_emphasis_from_ending(sign: str, tag: str, mark: str) -> None:
    html = f"<p><{tag}>真{mark}</{tag}>她</p>"
    assert render_document(f"{sign}真{mark}{sign}她") == html
    assert render_document(f"她{sign}{mark}真{sign}") == f"<p>她<{tag}>{mark}真</{tag}></p>"


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("これは**「重要なこと」**です。", "これは<strong>「重要なこと」</strong>です。"),
        ("**마크다운(Markdown)**을 쓴다", "<strong>마크다운(Markdown)</strong>을 쓴다"),
        ("**「a」**和*（b）*。", "<strong>「a」</strong>和<em>（b）</em>。"),
        ("𠀀**\u201c真\u201d**𠀁", "𠀀<strong>\u201c真\u201d</strong>𠀁"),
        ("真 ** 真 **", "真 ** 真 **"),
        ("a**\u201cb\u201d**c", "a**\u201cb\u201d**c"),
    ],
)
def test_emphasis_in_sentences(source: str, html: str) -> None:
    assert render_document(source) == f"<p>{html}</p>"


@pytest.mark.parametrize(
    "source",
    ["a * b *", "a**b**c", "*(*a*)*", "**a*", "***a** b*", "_a_b_", "*a**", '**"a"**b',
     "foo*(bar)*", "**Gomphocarpus (*Gomphocarpus physocarpus*)**",
     "*a_b*c_", "~~a~~b ~~ c", "a*“b”*c"],
)  # fmt: skip
def test_elsewhere_it_is_as_in_commonmark(source: str) -> None:
    plain = MarkdownIt("commonmark").enable("strikethrough").render(source)
    assert unescape(render_document(source)) == unescape(plain.strip())


@pytest.mark.parametrize(
    ("characters", "are"), [("真ㄱカ한、！ｱ㊙", True), ("aé\U0001f600⌚“…א", False)]
)
def test_which_characters_are_cjk(characters: str, are: bool) -> None:
    assert {is_cjk(character) for character in characters} == {are}
