"""The rules of the site: the numbered paragraphs of a Markdown text."""

import itertools
import re
from typing import NamedTuple

from blog.core.i18n import lazy_gettext, ngettext
from blog.core.text.shortening import shorten

# "3." at the beginning of a line, as in a Markdown list.
_BEGINNING = re.compile(r"^ {0,3}([0-9]{1,4})[.)][ \t]+(?=\S)", re.MULTILINE)
_MARKS = re.compile(r"[*_`#>]+|!?\[([^\]\n]*)\]\([^)\n]*\)")
LONGEST_TITLE = 120
MOST_RULES = 100

IS_OUT_OF_ORDER = lazy_gettext(
    "Rule %(number)s comes after rule %(previous)s. Number the rules in order, and use each number "
    "once."
)


class Rule(NamedTuple):
    """One of the rules.

    Attributes:
        number: its number in the text, which stays the same when other rules are removed.
        text: its content, in Markdown.
    """

    number: int
    text: str

    @property
    def title(self) -> str:
        """Its first line as plain text, for menus and mails."""
        line = self.text.partition("\n")[0]
        return shorten(_MARKS.sub(r"\1", line).strip(), LONGEST_TITLE)

    @property
    def anchor(self) -> str:
        """The id of its element on the rules page."""
        return f"rule-{self.number}"


class RulesText(NamedTuple):
    """The parts of the text.

    Attributes:
        introduction: the text before the first rule, in Markdown.
    """

    introduction: str
    rules: tuple[Rule, ...]


def parse_rules(text: str) -> RulesText:
    """Parse the rules in a text.

    Markdown would renumber a list, but a rule keeps its number.
    """
    beginnings = list(_BEGINNING.finditer(text))
    if not beginnings:
        return RulesText(text.strip(), ())
    ends = [*(each.start() for each in beginnings[1:]), len(text)]
    rules = (
        Rule(int(found[1]), _dedent(text[found.end() : end], found.end() - found.start()))
        for found, end in zip(beginnings, ends, strict=True)
    )
    return RulesText(text[: beginnings[0].start()].strip(), tuple(rules))


def validate_rules(text: str) -> str:
    """Return `text` if its numbers are in order.

    Raises:
        ValueError: a number occurs twice, or after a larger one, or there are too many rules.
    """
    numbers = [rule.number for rule in parse_rules(text).rules]
    if len(numbers) > MOST_RULES:
        raise ValueError(
            ngettext(
                "There can be at most %(num)s rule.",
                "There can be at most %(num)s rules.",
                MOST_RULES,
            )
        )
    for previous, number in itertools.pairwise(numbers):
        if number <= previous:
            raise ValueError(IS_OUT_OF_ORDER.with_values(number=number, previous=previous))
    return text


def _dedent(text: str, width: int) -> str:
    """Remove the indentation of the continuation lines of a list item."""
    first, *others = text.strip().split("\n")
    lines = (line[min(width, len(line) - len(line.lstrip(" "))) :] for line in others)
    return "\n".join([first, *lines])
