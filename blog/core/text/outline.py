"""The outline of a long text: a list of its headings, shown beside it."""

import re
from html import unescape
from typing import NamedTuple

from blog.core.text.visibility import TAG

# With fewer headings a text needs no outline; with more, authors should choose for themselves.
FEWEST, MOST = 3, 50

# As `blog.core.text.markdown` renders them. Deeper levels would make the list too long.
_HEADING = re.compile(r'<h([23]) id="([^"]+)">(.*?)</h\1>', re.DOTALL)
_OWN_CONTENTS = '<nav class="contents"'


class OutlineHeading(NamedTuple):
    """A heading of a text.

    Attributes:
        id: the id of its element.
        title: its text.
        is_below: whether it is on the second level.
    """

    id: str
    title: str
    is_below: bool


def outline(html: str) -> tuple[OutlineHeading, ...]:
    """The headings of the top two levels.

    Args:
        html: a rendered post.

    Returns:
        An empty tuple for a text with few headings, or with a table of contents.
    """
    found = _HEADING.findall(html)
    if not FEWEST <= len(found) <= MOST or _OWN_CONTENTS in html:
        return ()
    return tuple(
        OutlineHeading(id_, unescape(TAG.sub("", title)).strip(), level == "3")
        for level, id_, title in found
    )
