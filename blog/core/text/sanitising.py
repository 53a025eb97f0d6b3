"""The last step of rendering: whatever is not in these lists is removed from the HTML.

An author can choose the URL and the title of a link, and no other attribute: classes, ids and
labels
come from the renderer, but are listed too.
"""

from functools import lru_cache
from html import escape

import nh3

from blog.core.text import mathml
from blog.core.text.highlighting import CLASSES
from blog.core.text.images import TINTS
from blog.core.text.syntax import admonitions, contents, footnotes, mentions
from blog.core.text.syntax.headings import ID_PREFIX

_INLINES = {"a", "br", "code", "em", "mark", "s", "strong"} | mathml.ELEMENTS
_COMMENT = _INLINES | {"blockquote", "input", "li", "ol", "p", "pre", "span", "ul"}
_POST = _COMMENT | {
    "dd", "details", "div", "dl", "dt", "figcaption", "figure", "h2", "h3", "h4", "h5", "h6", "hr",
    "img", "nav", "section", "summary", "sup", "table", "tbody", "td", "th", "thead", "tr",
}  # fmt: skip
_SCHEMES = {"http", "https", "mailto"}

_ATTRIBUTES = {
    "a": {"aria-label", "href", "id", "title"},
    **{f"h{level}": {"id"} for level in range(2, 7)},
    "img": {"alt", "decoding", "height", "loading", "sizes", "src", "srcset", "width"},
    "input": {"aria-label", "checked", "disabled"},
    "li": {"id"},
    "math": {"alttext"},
    "ol": {"start"},
    **mathml.LENGTHS,
}
_ALIGNMENTS = {"align": {"left", "center", "right"}}
_VALUES: dict[str, dict[str, set[str]]] = {
    "div": {"role": {"note"}},
    "input": {"type": {"checkbox"}},
    "nav": {"aria-label": {contents.LABEL}},
    "section": {"aria-label": {footnotes.LABEL}},
    "td": _ALIGNMENTS,
    "th": _ALIGNMENTS,
    "mi": {"mathvariant": {"normal"}},
    **mathml.VALUES,
}
# One attribute per element, because several would come in random order.
_SET_VALUES = {
    "input": {"disabled": ""},
    # Scrollable elements must be reachable by keyboard.
    "pre": {"tabindex": "0"},
    "table": {"tabindex": "0"},
}
_CLASSES: dict[str, set[str]] = {
    "a": {"anchor", mentions.CLASS},
    "div": {"admonition", *admonitions.KINDS},
    "img": TINTS,
    "li": {"task"},
    "mtd": mathml.ALIGNMENTS,
    "nav": {"contents"},
    "p": {"admonition-title"},
    "section": {"footnotes"},
    "span": set(CLASSES),
}


def _cleaner(tags: set[str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=tags,
        attributes={tag: names for tag, names in _ATTRIBUTES.items() if tag in tags},
        tag_attribute_values={tag: each for tag, each in _VALUES.items() if tag in tags},
        set_tag_attribute_values={tag: each for tag, each in _SET_VALUES.items() if tag in tags},
        allowed_classes={tag: names for tag, names in _CLASSES.items() if tag in tags},
        id_prefix=ID_PREFIX,
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener ugc",
    )


POST, COMMENT = _cleaner(set(_POST)), _cleaner(set(_COMMENT))
_LINK = _cleaner({"a"})


@lru_cache(maxsize=1024)
def keeps_address(address: str) -> bool:
    """Whether the sanitiser keeps a link to `address`."""
    return "href=" in _LINK.clean(f'<a href="{escape(address)}">a</a>')
