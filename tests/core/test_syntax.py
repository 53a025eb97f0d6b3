"""What posts and comments may be written in beyond CommonMark."""

import re

import pytest

from blog.core.text.markdown import render_document, render_inline
from blog.core.text.mathml import LONGEST_FORMULA
from blog.core.text.syntax.footnotes import MOST_REFERENCES
from blog.core.text.syntax.headings import MOST_IDS
from tests.core.test_markdown import elements_of

UGC = ' rel="nofollow noopener ugc"'


def rendered(source: str) -> str:
    """The HTML without what every link has."""
    return render_document(source).replace(UGC, "")


def ids_of(html: str) -> list[str]:
    return re.findall(r' id="([^"]*)"', html)


def targets_of(html: str) -> list[str]:
    return re.findall(r' href="#([^"]*)"', html)


def test_a_footnote_has_its_number_and_ways_there_and_back() -> None:
    html = rendered("a[^n] b[^n]\n\n[^n]: The *note*.\n\n    Its second paragraph.")
    digest = re.search(r"note\.(\w{8})\.1", html)
    assert digest
    assert html.replace(digest[1], "0") == (
        '<p>a<sup><a id="text-reference.0.1.1" href="#text-note.0.1" aria-label="Footnote 1">'
        "1</a></sup> b<sup>"
        '<a id="text-reference.0.1.2" href="#text-note.0.1" aria-label="Footnote 1">1</a></sup>'
        '</p>\n<section class="footnotes" aria-label="Footnotes">\n<ol>\n'
        '<li id="text-note.0.1">\n<p>The <em>note</em>.</p>\n<p>Its second paragraph. '
        '<a href="#text-reference.0.1.1" aria-label="Back to reference 1.1">↩︎</a> '
        '<a href="#text-reference.0.1.2" aria-label="Back to reference 1.2">↩︎2</a></p>\n'
        "</li>\n</ol>\n</section>"
    )


def test_footnotes_are_in_the_order_of_the_references_and_only_those() -> None:
    html = rendered(
        "[^b] [^a] [^none]\n\n[^a]: A[^c]\n[^b]: B\n[^c]: C\n[^d]: D[^e]\n[^e]: E\n[^a]: again"
    )
    assert re.findall(r"<p>(\w)", html) == ["B", "A", "C"]
    assert "[^none]" in html


@pytest.mark.parametrize(
    "source",
    [
        "[^a]\n\n[^a]: round[^a]",
        "[^a] [^b]\n\n[^a]: to[^b]\n[^b]: fro[^a]",
        "[^a]\n\n[^a]: > [^b]: quoted\n[^b]: - [^a]\n\n      - [^a]",
        "[^a]\n\n[^a]:\n\n[^a]: b",
        "[^a]\n\n[^a]: [^b]: [^c]: d\n[^c]: e",
        "[^a]\n\n[^a]:\n    ```\n    [^a]\n    ```",
        "x[^1] " * 2 * MOST_REFERENCES + "\n\n[^1]: y",
        "| [^a] |\n|---|\n| [^a] |\n\n# b[^a]\n\n[toc]\n\n[^a]: c\n\n    # d",
        "![x[^a]](y) [z[^a]](/b) [^a]\n\n[^a]: c",
    ],
)
def test_each_reference_leads_somewhere_and_back(source: str) -> None:
    html = render_document(source)
    ids = ids_of(html)
    assert len(set(ids)) == len(ids) <= MOST_REFERENCES + 3
    assert set(targets_of(html)) <= set(ids)
    assert sum("Back to" in str(attributes) for _, attributes in elements_of(html)) == sum(
        "text-reference" in each for each in ids
    )


def test_footnotes_of_two_posts_can_stand_on_one_page() -> None:
    pages = [render_document(f"{text}[^1]\n\n[^1]: A note.") for text in ("One", "Two")]
    assert not set(ids_of(pages[0])) & set(ids_of(pages[1]))


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Hello, *World*!", "hello-world"), ("Über `code_x`", "über-code-x"),
        ("数学と、音楽", "数学と-音楽"),
        ("हिन्दी में", "हिन्दी-में"), ("❤️ 🎉", "section"), ("...", "section"), ("[a](/b) c", "a-c"),
        ("![a cat](b.png)", "a-cat"), ("ﬁne ①", "fine-1"), ("$a^2$ + b", "a-2-b"),
        ("x" * 99, "x" * 60),
    ],
)  # fmt: skip
def test_the_id_of_a_heading_is_made_of_its_words(title: str, slug: str) -> None:
    html = rendered(f"# {title}")
    assert ids_of(html) == [f"text-{slug}"]
    assert (targets_of(html) == [f"text-{slug}"]) == ("](/" not in title)


def test_headings_with_the_same_words_are_numbered() -> None:
    html = rendered("# A\n\n# A\n\n# A-1\n\n# A\n\n[to](#a-1-1) [fro](#b)")
    assert ids_of(html) == ["text-a", "text-a-1", "text-a-1-1", "text-a-2"]
    assert targets_of(html)[-2:] == ["text-a-1-1", "b"]


def test_a_thousand_headings_of_one_name_are_no_trouble() -> None:
    html = render_document("[toc]\n\n" + "# Again\n\n" * 1_000)
    assert html.count("<h2") == 1_000
    assert len(ids_of(html)) == len(set(ids_of(html))) == MOST_IDS
    assert len(html) < 100_000


def test_a_heading_without_words_has_no_id() -> None:
    assert render_document("#\n\ntext") == "<h2></h2>\n<p>text</p>"


def test_contents_stand_where_they_are_wanted_first() -> None:
    html = rendered("[TOC]\n\n# A *b*\n\n### C\n\n## D\n\n# E\n\n> # F\n\n[toc]\n\n- [toc]")
    begin, end = html.index("<nav"), html.index("</nav>")
    assert html[begin:end].replace("\n", "") == (
        '<nav class="contents" aria-label="Contents"><ul>'
        '<li><a href="#text-a-b">A b</a>'
        '<ul><li><a href="#text-c">C</a></li><li><a href="#text-d">D</a></li></ul></li>'
        '<li><a href="#text-e">E</a></li></ul>'
    )
    assert html.count("[toc]") == 2


def test_without_headings_the_sign_for_contents_is_text() -> None:
    assert render_document("[toc]") == "<p>[toc]</p>"


@pytest.mark.parametrize("render", [render_document, render_inline])
def test_task_lists_have_boxes_that_cannot_be_ticked(render: object) -> None:
    assert callable(render)
    html = render("- [ ] a\n- [X] **b**\n- [y] c\n- [ ]\n\n> 1. - [x] d\n\n[ ] e")
    boxes = [attributes for tag, attributes in elements_of(html) if tag == "input"]
    assert [box["aria-label"] for box in boxes] == ["To do", "Done", "Done"]
    assert all(box["type"] == "checkbox" and box["disabled"] == "" for box in boxes)
    assert ["checked" in box for box in boxes] == [False, True, True]
    assert html.count('<li class="task">') == 3
    assert "[y] c" in html
    assert "<p>[ ] e</p>" in html


def test_definition_lists() -> None:
    html = rendered("Term *a*\n: One\n: Two\n\n    more\n\nText\n:no definition")
    assert html.replace("\n", "") == (
        "<dl><dt>Term <em>a</em></dt><dd><p>One</p></dd><dd><p>Two</p><p>more</p></dd></dl>"
        "<p>Text:no definition</p>"
    )


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("==a *b*==", "<mark>a <em>b</em></mark>"), ("*==a==*", "<em><mark>a</mark></em>"),
        ("a==b and c==d", "a==b and c==d"), ("a == b == c", "a == b == c"),
        ("===a===", "===a==="), ("====", "===="), ("==a", "==a"), ("`==a==`", "<code>==a==</code>"),
        ("她==真。==她", "她<mark>真。</mark>她"), ("==a *b== c*", "<mark>a *b</mark> c*"),
        (r"\==a==", "==a=="), ("==a== ==b==", "<mark>a</mark> <mark>b</mark>"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "[{}](/x)"])
def test_marked_text(source: str, html: str, around: str) -> None:
    link = f'<a href="/x"{UGC}>{html}</a>' if "x" in around else html
    assert render_document("x " + around.format(source)) == f"<p>x {link}</p>"


@pytest.mark.parametrize("kind", ["note", "tip", "important", "warning", "caution"])
def test_admonitions_have_a_title(kind: str) -> None:
    html = rendered(f"> [!{kind.upper()}]\n> Some *text*.")
    assert html.replace("\n", "") == (
        f'<div class="admonition {kind}" role="note"><p class="admonition-title">'
        f"{kind.capitalize()}</p><p>Some <em>text</em>.</p></div>"
    )


@pytest.mark.parametrize(
    ("source", "admonitions", "quotations"),
    [
        ("> [!NOTE]", 0, 1), ("> [!OTHER]\n> a", 0, 1), ("> [!NOTE] a", 0, 1),
        ("> a\n> [!NOTE]", 0, 1),
        ("> [!NOTE]\n>\n> - a", 1, 0), ("> > [!TIP]\n> > a\n>\n> b", 1, 1),
        ("- > [!TIP]\n  > a", 1, 0),
        ("> [!NOTE]\n> > [!TIP]\n> > a", 2, 0), (">\n> [!NOTE]", 0, 1),
        ("> ```\n> [!NOTE]\n> ```", 0, 1),
    ],
)  # fmt: skip
def test_what_is_an_admonition(source: str, admonitions: int, quotations: int) -> None:
    html = render_document(source)
    assert html.count('<div class="admonition') == html.count("</div>") == admonitions
    assert html.count("<blockquote>") == html.count("</blockquote>") == quotations


@pytest.mark.parametrize(
    ("info", "marked"),
    [
        ("python {2,4-5}", ["b", "d", "e"]), ("python{1}", ["a"]), ("{1-2}", ["a", "b"]),
        ("klingon {3 - 4, 1}", ["a", "c", "d"]), ("python {0,6,99-100000}", []), ("python {x}", []),
        ("python {4-99999}", ["d", "e"]), ("python {5-1}", []), ("python", []),
        ("{" + "1," * 99, []),
    ],
)  # fmt: skip
def test_lines_of_code_are_marked(info: str, marked: list[str]) -> None:
    html = render_document(f"```{info}\na\nb\nc\nd\ne\n```")
    found = re.findall(r"<mark>(.*?)\n</mark>", html)
    assert [re.sub(r"<.*?>", "", line) for line in found] == marked
    assert re.sub(r"<.*?>", "", html) == "a\nb\nc\nd\ne\n"


@pytest.mark.parametrize(
    "source",
    [
        "$5 and $6", "US$5 to US$6", "$5/$6", "5$ and 6$", "$HOME:$PATH", "$ a$", "$a $", r"\$a$",
        "$a", "$$", "$$$a$$$", "a$b$", "$a$b", "$" + "a" * (LONGEST_FORMULA + 1) + "$",
    ],
)  # fmt: skip
def test_dollars_that_are_money_stay(source: str) -> None:
    html = render_document(source)
    assert "<math" not in html
    assert "<code" not in html
    assert re.sub(r"<.*?>", "", html).count("$") == source.count("$")


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("$a_1$", "<msub><mi>a</mi><mn>1</mn></msub>"), ("($x$, $y$)", "<mi>x</mi>"),
        ("$a*b*c$", "<mo>*</mo><mi>b</mi><mo>*</mo>"), ("$5$", "<mn>5</mn>"),
        ("$a\nb$", "<mi>b</mi>"),
        (r"$\mathrm{d}x$", '<mi mathvariant="normal">d</mi>'), (r"$\mathbf{AB}$", "<mi>𝐀</mi>"),
        (r"$\mathbb{R}$", "<mi>ℝ</mi>"), (r"$\$5$", "<mi>$</mi>"), ("$a<b$", "<mo>&lt;</mo>"),
        (r"$\frac{1}{2}$", "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac>"),
        (r"$$\begin{aligned}a&=b\end{aligned}$$", '<mtd class="right"><mi>a</mi></mtd>'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("render", [render_document, render_inline])
def test_formulas(render: object, source: str, html: str) -> None:
    assert callable(render)
    assert html in render(source)


@pytest.mark.parametrize(
    "source",
    ["$$a$$", "$$\na\n$$", "$$ a $$", "text\n$$\na\n$$\nmore", "> $$\n> a\n> $$", "- $$\n  a\n  $$",
     "$$a\n$$", "b $$a$$ c"],
)  # fmt: skip
def test_displayed_formulas(source: str) -> None:
    assert '<math display="block" alttext="a"><mrow><mi>a</mi></mrow></math>' in render_document(
        source
    )


def test_a_displayed_formula_is_nothing_else() -> None:
    html = render_document("$$\na\n- b\n+ c\n=\n$$")
    assert 'alttext="a\n- b\n+ c\n="' in html
    assert "<li>" not in html
    assert "<h2" not in html


@pytest.mark.parametrize("source", ["$$\na\n\nb\n$$", "$$\na", "$$a$$ b\nc", "$$\na$b\n$$"])
def test_what_does_not_end_is_no_block(source: str) -> None:
    assert render_document(source).startswith("<p>$$") or "<p><math" in render_document(source)


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{1", r"\unknown", r"\newcommand{\a}{\a\a}\a", r"\def\a{b}\a", r"a & b", r"\left( a",
        "{" * 45 + "a" + "}" * 45, r"\frac" * 199, "^" * 900, r"\begin{x}", r"\genfrac", "_",
        r"\sqrt[",
        r"\renewcommand{\a}{b}", r"\verb", r"\sideset", "a^b^c" * 100,
    ],
)  # fmt: skip
def test_a_formula_that_is_not_understood_is_shown_as_it_is(formula: str) -> None:
    html = render_document(f"a ${formula}$ b")
    shown = formula.replace("&", "&amp;")
    assert html == f"<p>a <code>${shown}$</code> b</p>"


@pytest.mark.parametrize(
    "formula",
    [
        r"\href{javascript:alert(1)}{x}", r"\style{position:fixed}{x}", r"\class{notice}{x}",
        r"\color{red}{x}", r"\text{<script>alert(1)</script>}", "<img src=x onerror=alert(1)>",
        r"\hspace{999em}x", r"\rule{99em}{99em}x", r"\mbox{$<b>$}", r"\text{&lt;script&gt;}",
        r"x\tag{<style>}", r'\text{" onclick="alert(1)}', r"\operatorname{script}",
    ],
)  # fmt: skip
def test_formulas_have_nothing_active_and_no_style(formula: str) -> None:
    for tag, attributes in elements_of(render_document(f"${formula}$")):
        assert re.fullmatch("p|code|m[a-z]+", tag), tag
        assert set(attributes) <= {"alttext", "display", "width", "stretchy", "mathvariant",
                                   "displaystyle", "scriptlevel"}  # fmt: skip
        assert re.fullmatch(r"(-?\d(\.\d+)?em)?", str(attributes.get("width", "")))


def test_a_post_has_room_for_so_many_formulas() -> None:
    html = render_document(f"${'a' * 900}$ " * 10)
    assert html.count("<math") == 8
    assert html.count("<code>$aaa") == 2


@pytest.mark.parametrize(
    "source",
    [
        "# csrf_token", "# main", "# body", "# constructor", "# __proto__", '# "onclick="x',
        "# note.1",
        "[^main]\n\n[^main]: x", '[^"id=x]\n\n[^"id=x]: x', "# " + "a" * 50_000,
    ],
)  # fmt: skip
def test_no_id_is_one_of_the_page(source: str) -> None:
    html = render_document(source)
    assert ids_of(html)
    assert all(each.startswith("text-") for each in ids_of(html))
    assert all(len(each) < 80 for each in ids_of(html))
