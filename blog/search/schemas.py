"""The form of the search."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from blog.core.text.validation import Schema
from blog.search.question import LONGEST, alternatives, terms
from blog.search.statements import Sorting

# More than browsers send in a URL.
LONGEST_SENT = 50_000
# Each is combined with every required term.
MOST_ALTERNATIVES = 10
# The start of every cursor, and of no date.
START_OF_CURSORS = "W"


class SearchForm(Schema):
    """The fields of the form, and the cursor of further results. All fields but `q`, `sort` and the
    cursor stand for operators."""

    q: Annotated[str, Field(max_length=LONGEST_SENT)] = ""
    sort: Sorting = Sorting.RELEVANCE
    phrase: str = ""
    any_of: str = ""
    without: str = ""
    author: str = ""
    tag: str = ""
    after: str = ""
    before: str = ""
    image: str = ""
    comments: str = ""
    cursor: str = ""

    @model_validator(mode="after")
    def _read_former_cursor(self) -> Self:
        # Old links to further results have their cursor in `before`.
        if self.before.startswith(START_OF_CURSORS):
            self.before, self.cursor = "", self.before
        return self

    @property
    def question(self) -> str:
        """All fields as one search with operators. At most one character longer than the limit,
        which shows that it is too long."""
        phrase = _quote(self.phrase, is_phrase=True) if self.phrase.strip() else ""
        needed = [f"{each} {phrase}".strip() for each in alternatives(self.q)]
        if any_terms := terms(self.any_of)[:MOST_ALTERNATIVES]:
            needed = [f"{each} {one}".strip() for each in needed for one in any_terms]
        return " ".join([" or ".join(needed), *self._operators]).strip()[: LONGEST + 1]

    @property
    def has_operators(self) -> bool:
        """Whether fields other than `q` say what to search for."""
        return bool(self.phrase.strip() or terms(self.any_of) or self._operators)

    @property
    def _operators(self) -> list[str]:
        fields = {name: getattr(self, name) for name in ("author", "tag", "after", "before")}
        return [
            *(f"-{term.lstrip('-')}" for term in terms(self.without)),
            *(f"{name}:{_quote(value)}" for name, value in fields.items() if value),
            *["has:image"] * bool(self.image),
            *["in:comments"] * bool(self.comments),
        ]


def _quote(value: str, *, is_phrase: bool = False) -> str:
    value = " ".join(value.replace('"', " ").split())
    return f'"{value}"' if is_phrase or " " in value else value
