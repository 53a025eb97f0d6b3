"""Headings: their level on the page, their ids, and the link to each.

The ids begin with `ID_PREFIX`, so that they don't clash with the page's own ids or those that
scripts use. The rest is made from the words of the heading, in any writing system.
"""

import unicodedata
from collections.abc import Sequence
from urllib.parse import unquote

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

ID_PREFIX = "text-"

# Further headings get no ids.
MOST_IDS = 200
_LONGEST_SLUG = 60
_LONGEST_TITLE = 200
_WITHOUT_WORDS = "section"


def place_headings(state: StateCore) -> None:
    """Move the headings of a post below the <h1> of the page, without skipping levels.

    Many posts start with "##", and many go from "##" to "####" because of the size. Each heading is
    one level below the nearest preceding heading that its author has ranked higher.
    """
    above: list[int] = []  # The ranks of the headings above the current one.
    for token in state.tokens:
        if token.type == "heading_open":
            rank = int(token.tag[1])
            while above and above[-1] >= rank:
                above.pop()
            above.append(rank)
        if token.type.startswith("heading_"):
            token.tag = f"h{min(len(above) + 1, 6)}"


def name_headings(state: StateCore) -> None:
    """Give headings ids, and make links to `#words-of-a-heading` lead to them."""
    tokens, slugs = state.tokens, dict[str, int]()
    for number, token in enumerate(tokens):
        if token.type != "heading_open" or len(slugs) >= MOST_IDS:
            continue
        children = tokens[number + 1].children or []
        if title := title_of(children):
            token.attrs["id"] = ID_PREFIX + _unique(_slug(title), slugs)
            if all(child.type not in {"link_open", "footnote_ref"} for child in children):
                link = Token("link_open", "a", 1, attrs={"class": "anchor"})
                link.attrs["href"] = f"#{token.attrs['id']}"
                children.insert(0, link)
                children.append(Token("link_close", "a", -1))
    if slugs and "](#" in state.src:
        _point_links(tokens, slugs)


def title_of(children: Sequence[Token]) -> str:
    """The plain text of a heading, shortened."""
    title = ""
    for child in children:
        if child.type in {"text", "code_inline", "math"}:
            title += child.content
        elif child.type == "softbreak":
            title += " "
        elif child.type == "image":
            title += title_of(child.children or [])
        if len(title) > _LONGEST_TITLE:
            break
    return title[:_LONGEST_TITLE].strip()


def _slug(title: str) -> str:
    """The letters and digits of a title, in lower case, with hyphens between the words."""
    slug = ""
    for character in unicodedata.normalize("NFKC", title).lower():
        category = unicodedata.category(character)[0]
        if category in "LN" or (category == "M" and slug and slug[-1] != "-"):
            slug += character
        elif slug and slug[-1] != "-":
            slug += "-"
        if len(slug) == _LONGEST_SLUG:
            break
    return slug.strip("-") or _WITHOUT_WORDS


def _unique(slug: str, slugs: dict[str, int]) -> str:
    """Make a slug unique by appending a number; `slugs` counts how often each was used."""
    unique = slug
    while unique in slugs:
        slugs[slug] += 1
        unique = f"{slug}-{slugs[slug]}"
    slugs[unique] = 0
    return unique


def _point_links(tokens: Sequence[Token], slugs: dict[str, int]) -> None:
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open" and str(child.attrs["href"]).startswith("#"):
                slug = unquote(str(child.attrs["href"])[1:])
                if slug in slugs:
                    child.attrs["href"] = f"#{ID_PREFIX}{slug}"
