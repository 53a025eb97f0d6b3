"""The form of the search."""

from typing import Annotated

from pydantic import Field

from blog.core.text.validation import Schema
from blog.search.queries import Sorting

# More than a browser sends in an address.
LONGEST_GIVEN = 50_000


class SearchForm(Schema):
    """The fields of the form. All but `q` and `sort` are ways to write an operator."""

    q: Annotated[str, Field(max_length=LONGEST_GIVEN)] = ""
    sort: Sorting = Sorting.RELEVANCE
    author: str = ""
    tag: str = ""
    after: str = ""
    before: str = ""
    image: str = ""
    comments: str = ""

    @property
    def operators(self) -> str:
        """The other fields as operators."""
        given = {name: getattr(self, name) for name in ("author", "tag", "after")}
        if self.before[:1].isdecimal():  # Otherwise it's the cursor of further results, no date.
            given["before"] = self.before
        operators = [f"{name}:{_quoted(value)}" for name, value in given.items() if value]
        operators += ["has:image"] * bool(self.image) + ["in:comments"] * bool(self.comments)
        return " ".join(operators)


def _quoted(value: str) -> str:
    value = " ".join(value.replace('"', " ").split())
    return f'"{value}"' if " " in value else value
