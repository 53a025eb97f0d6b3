"""Task lists: `- [ ] to do` and `- [x] done`, as in GitHub Flavored Markdown, 5.3."""

import re

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_BOX = re.compile(r"\[([ xX])\](?=\s)")


def mark_tasks(state: StateCore) -> None:
    """A core rule: replace brackets at the beginning of list items with checkboxes."""
    tokens = state.tokens
    for number in range(2, len(tokens)):
        token = tokens[number]
        if (
            token.type == "inline"
            and token.children
            and tokens[number - 1].type == "paragraph_open"
            and tokens[number - 2].type == "list_item_open"
            and (found := _BOX.match(token.children[0].content))
        ):
            token.children[0].content = token.children[0].content[found.end() :]
            token.children.insert(0, _checkbox(is_done=found[1] != " "))
            tokens[number - 2].attrs["class"] = "task"


def _checkbox(*, is_done: bool) -> Token:
    label = "Done" if is_done else "To do"
    box = Token("task", "input", 0, attrs={"type": "checkbox", "disabled": "", "aria-label": label})
    if is_done:
        box.attrs["checked"] = ""
    return box
