"""Values that may have another writing direction than the text around them."""

import re

from blog.core.i18n.current import current_language
from blog.core.i18n.languages import text_direction

# Letters of scripts from right to left, and characters that set the direction (Unicode Standard
# Annex #9).
RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc"
    "\U00010800-\U00010fff\U0001e800-\U0001efff]"
)


def isolate(value: str) -> str:
    """Isolate a value whose writing direction may differ from that of the text around it.

    Otherwise its punctuation would appear at the wrong end, or the text would be reordered. In
    HTML, `<bdi>` is simpler.
    """
    may_differ = text_direction(current_language()) == "rtl" or (
        not value.isascii() and RIGHT_TO_LEFT.search(value)
    )
    return f"\u2068{value}\u2069" if may_differ else value
