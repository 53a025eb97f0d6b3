"""The outline of a text: its headings, for a list beside a long one."""

import re
from html import unescape
from typing import NamedTuple

from blog.core.text.visibility import TAG

# A text with fewer headings is seen at a glance; one with more needs a list of its own choosing.
FEWEST, MOST = 3, 50

# As `blog.core.text.markdown` writes them. Deeper ones would make the list longer than the text.
_HEADING = re.compile(r'<h([23]) id="([^"]+)">(.*?)</h\1>', re.DOTALL)
_OWN_CONTENTS = '<nav class="contents"'


class OutlineHeading(NamedTuple):
    """A heading of a text.

    Attributes:
        id: of its element.
        title: its words.
        is_below: whether it is of the second level.
    """

    id: str
    title: str
    is_below: bool


def outline(html: str) -> tuple[OutlineHeading, ...]:
    """The headings of the upper two levels.

    Args:
        html: of a rendered post.

    Returns:
        Nothing for a text with few of them, and for one with a table of contents of its own.
    """
    found = _HEADING.findall(html)
    if not FEWEST <= len(found) <= MOST or _OWN_CONTENTS in html:
        return ()
    return tuple(
        OutlineHeading(id_, unescape(TAG.sub("", title)).strip(), level == "3")
        for level, id_, title in found
    )
