"""What posts may be written in, for the page that shows it."""

from typing import NamedTuple


class Example(NamedTuple):
    """One kind of syntax.

    Attributes:
        title: what it makes.
        source: an example in Markdown.
        in_comments: whether comments have it, too.
    """

    title: str
    source: str
    in_comments: bool = True


EXAMPLES = (
    Example("Emphasis", "*Italic*, **bold**, ~~struck out~~ and ==marked== text."),
    Example(
        "Links",
        "[The words](https://example.com) or the address:\nhttps://example.com",
    ),
    Example("Lists", "- One\n- Two\n  1. First\n  2. Second"),
    Example("Tasks", "- [x] Write the draft\n- [ ] Read it again tomorrow"),
    Example("Quotations", "> The walls of the town\n> were its front page."),
    Example(
        "Code",
        "`code` in a line, or a block; marked lines are\n"
        "numbered in braces.\n\n"
        "```python {2}\nfor number in range(3):\n    print(number)\n```",
    ),
    Example(
        "Formulas",
        "$e^{i\\pi} + 1 = 0$ in a line, or in LaTeX between two:\n\n"
        "$$\n\\sum_{k=1}^n k = \\frac{n(n+1)}{2}\n$$",
    ),
    Example("Headings", "## A heading\n\n### One below it", in_comments=False),
    Example("Contents", "[toc]\n\n## Before noon\n\n## After noon", in_comments=False),
    Example(
        "Tables",
        "| Year | Copies |\n| :--- | -----: |\n| 1620 |    300 |\n| 1665 |  1,200 |",
        in_comments=False,
    ),
    Example(
        "Footnotes",
        "Nobody had to ask for permission.[^1]\n\n[^1]: Until 1662.",
        in_comments=False,
    ),
    Example(
        "Definitions",
        "Recto\n: The side that is read first.\n\nVerso\n: The other one.",
        in_comments=False,
    ),
    Example(
        "Notes",
        "> [!NOTE]\n> Also TIP, IMPORTANT, WARNING and\n> CAUTION.",
        in_comments=False,
    ),
    Example("Rules", "Above\n\n---\n\nBelow", in_comments=False),
)
