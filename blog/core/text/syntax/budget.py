"""The step budget, which limits the time it takes to parse a text."""

from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline


class TooComplexError(ValueError):
    """Rendering the text would take too long."""


def spend_step(state: StateBlock | StateInline, *_where: object) -> bool:
    """A rule that never matches, and is called before the others to count steps.

    Raises:
        TooComplexError: the budget in `env["steps"]` is used up.
    """
    state.env["steps"] -= 1
    if state.env["steps"] < 0:
        raise TooComplexError
    return False
