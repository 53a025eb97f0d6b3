"""Examples of the Markdown syntax, for the page about it."""

from typing import NamedTuple

from blog.core.i18n import LazyText, lazy_gettext, lazy_pgettext


class Example(NamedTuple):
    """One kind of syntax.

    Attributes:
        title: the name of what it produces.
        source: an example in Markdown.
        in_comments: whether it works in comments, too.
    """

    title: LazyText
    source: str
    in_comments: bool = True


EXAMPLES = (
    Example(lazy_gettext("Emphasis"), "*Italic*, **bold**, ~~struck out~~ and ==marked== text."),
    Example(
        lazy_gettext("Links"),
        "[The words](https://example.com) or the address:\nhttps://example.com",
    ),
    Example(lazy_gettext("Lists"), "- One\n- Two\n  1. First\n  2. Second"),
    Example(lazy_gettext("Tasks"), "- [x] Write the draft\n- [ ] Read it again tomorrow"),
    Example(lazy_gettext("Quotations"), "> The walls of the town\n> were its front page."),
    Example(
        lazy_pgettext("Markdown", "Code"),
        "`code` in a line, or a block; marked lines are\n"
        "numbered in braces.\n\n"
        "```python {2}\nfor number in range(3):\n    print(number)\n```",
    ),
    Example(
        lazy_gettext("Formulas"),
        "$e^{i\\pi} + 1 = 0$ in a line, or in LaTeX between two:\n\n"
        "$$\n\\sum_{k=1}^n k = \\frac{n(n+1)}{2}\n$$",
    ),
    Example(lazy_gettext("Headings"), "## A heading\n\n### One below it", in_comments=False),
    Example(
        lazy_gettext("Contents"), "[toc]\n\n## Before noon\n\n## After noon", in_comments=False
    ),
    Example(
        lazy_gettext("Tables"),
        "| Year | Copies |\n| :--- | -----: |\n| 1620 |    300 |\n| 1665 |  1,200 |",
        in_comments=False,
    ),
    Example(
        lazy_gettext("Footnotes"),
        "Nobody had to ask for permission.[^1]\n\n[^1]: Until 1662.",
        in_comments=False,
    ),
    Example(
        lazy_gettext("Definitions"),
        "Recto\n: The side that is read first.\n\nVerso\n: The other one.",
        in_comments=False,
    ),
    Example(
        lazy_pgettext("Markdown", "Notes"),
        "> [!NOTE]\n> Also TIP, IMPORTANT, WARNING and\n> CAUTION.",
        in_comments=False,
    ),
    Example(lazy_pgettext("Markdown", "Rules"), "Above\n\n---\n\nBelow", in_comments=False),
)
