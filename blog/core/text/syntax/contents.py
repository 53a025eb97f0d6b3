"""A table of contents in place of the first paragraph `[toc]` on the outermost level."""

from collections.abc import Iterator, Sequence

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from blog.core.text.syntax.headings import title_of

LABEL = "Contents"

_SIGN = "[toc]"


def insert_contents(state: StateCore) -> None:
    """A core rule after headings have got ids: replace `[toc]` with links to them."""
    if _SIGN not in state.src.lower():
        return
    tokens = state.tokens
    for number, token in enumerate(tokens):
        if (
            token.type == "inline"
            and token.level == 1
            and tokens[number - 1].type == "paragraph_open"
            and token.content.lower() == _SIGN
            and all(child.type == "text" for child in token.children or ())
        ):
            if entries := list(_entries(tokens)):
                begin = Token("contents_open", "nav", 1, block=True)
                begin.attrs |= {"class": "contents", "aria-label": LABEL}
                end = Token("contents_close", "nav", -1, block=True)
                tokens[number - 1 : number + 2] = [begin, *entries, end]
            return


def _entries(tokens: Sequence[Token]) -> Iterator[Token]:
    """Nested lists of links to the headings that have an id."""
    levels: list[str] = []  # of the open lists
    for number, token in enumerate(tokens):
        if token.type != "heading_open" or token.level or "id" not in token.attrs:
            continue
        while levels and levels[-1] > token.tag:
            yield from _end(levels)
        if levels and levels[-1] == token.tag:
            yield Token("list_item_close", "li", -1, block=True)
        else:
            levels.append(token.tag)
            yield Token("bullet_list_open", "ul", 1, block=True)
        yield Token("list_item_open", "li", 1, block=True)
        yield _link(str(token.attrs["id"]), title_of(tokens[number + 1].children or []))
    while levels:
        yield from _end(levels)


def _end(levels: list[str]) -> Iterator[Token]:
    levels.pop()
    yield Token("list_item_close", "li", -1, block=True)
    yield Token("bullet_list_close", "ul", -1, block=True)


def _link(target: str, title: str) -> Token:
    link = Token("link_open", "a", 1, attrs={"href": f"#{target}"})
    text = Token("text", "", 0, content=title)
    return Token("inline", "", 0, children=[link, text, Token("link_close", "a", -1)])
