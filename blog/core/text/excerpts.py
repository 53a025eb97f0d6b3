"""Excerpts of posts, for lists.

They are cut from the HTML of `blog.core.text.markdown`, which is well-formed and sanitised, with
attributes in double quotes, and so are the excerpts. A list shows many posts, so nothing in it may
have an id or refer to one: headings are not links, and footnotes and tables of contents are left
out.
"""

import re
import unicodedata

LONGEST = 1024
MOST_LINES = 20
# How many characters of HTML an excerpt may need.
NEEDED = 8 * LONGEST

# Formulas are not cut: their elements need a certain number of children.
TOKEN = re.compile(
    r'<math\b[^>]* alttext="([^"]*)".*?</math>|<(/?)([a-z][a-z0-9]*)((?:[^">]|"[^"]*")*)>|([^<]+)',
    re.DOTALL,
)
ENTITY_WITHOUT_END = re.compile(r"&[^;\s]*$")
VOID = {"br", "hr", "img", "input"}
ENDS_A_LINE = {"br", "dd", "dt", "figure", "h2", "h3", "h4", "h5", "h6", "hr", "li", "p", "tr"}
# Quotation marks in attributes are escaped, so these don't match within one.
REFERENCES = re.compile(
    r'<sup><a id="[^>]*>\d+</a></sup>'
    r'|<(section|nav) class="(?:footnotes|contents)".*?(?:</\1>\s*|\Z)',
    re.DOTALL,
)
ID = re.compile(r'<(h[2-6]) id="[^"]*">')
LINK_WITHIN = re.compile(
    r'<a (?:class="anchor" )?href="#[^"]*"(?:[^">]|"[^"]*")*>(.*?)</a>', re.DOTALL
)
ELLIPSIS = "…"
ROOM = LONGEST - len(ELLIPSIS.encode())
# Characters that modify the preceding one: variation selectors and the joiner.
JOINER = "\N{ZERO WIDTH JOINER}"
BELONGS_BEFORE = {JOINER, "\N{VARIATION SELECTOR-15}", "\N{VARIATION SELECTOR-16}"}


def excerpt(html: str) -> str | None:
    """The start of some HTML, at most `LONGEST` bytes and `MOST_LINES` lines.

    It ends between two blocks, or between two words with an ellipsis.

    Args:
        html: the whole HTML, or its first `NEEDED` characters.

    Returns:
        The excerpt; `None` if the HTML itself is short enough, and nothing has to be left out.
    """
    html, references = REFERENCES.subn("", html)
    return _Cutter(_remove_ids(html), is_changed=references > 0).cut()


def shown_in_lists(stored: str | None, html: str, size: int) -> tuple[str, bool]:
    """The HTML of a post in a list, and whether it is an excerpt.

    Args:
        stored: its excerpt, if it has one; older posts may lack one.
        html: its HTML, or the first `NEEDED` characters of that.
        size: the size of its HTML, in bytes.
    """
    if stored is None and size > LONGEST:
        stored = excerpt(html[:NEEDED])
    return (_remove_ids(html), False) if stored is None else (stored, True)


def _remove_ids(html: str) -> str:
    """Remove the ids of headings and the links to them."""
    if '="#' not in html and ' id="' not in html:
        return html
    return LINK_WITHIN.sub(r"\1", ID.sub(r"<\1>", html))


class _Cutter:
    """The state of cutting one excerpt."""

    def __init__(self, html: str, *, is_changed: bool) -> None:
        self._html = html
        self._kept: list[str] = []
        # Open elements: the index of the start tag in `_kept`, and the end tag.
        self._open: list[tuple[int, str]] = []
        self._bytes = self._lines = 0
        self._is_changed = is_changed

    def cut(self) -> str | None:
        position = 0
        while position < len(self._html):
            token = TOKEN.match(self._html, position)
            if token is None or not self._add(token):
                return self._close()
            position = token.end()
        return self._close() if self._is_changed else None

    def _add(self, token: re.Match[str]) -> bool:
        """Add a tag or text; `False` if the limit is reached."""
        formula, is_end, name, _, text = token.groups()
        if formula is not None:
            return self._add_formula(token[0], formula)
        if text is not None:
            return self._add_text(text)
        if is_end:
            self._kept.append(self._open.pop()[1])
        elif not self._add_start(token[0], name):
            return False
        if name in ENDS_A_LINE and (is_end or name in VOID):
            self._lines += 1
            return self._lines < MOST_LINES or not self._html[token.end() :].strip()
        return True

    def _add_start(self, tag: str, name: str) -> bool:
        end = "" if name in VOID else f"</{name}>"
        if self._bytes + len(tag.encode()) + len(end) > ROOM:
            if name != "a":
                return False
            # A URL alone may exceed the limit: then only the text of the link is kept.
            tag, end, self._is_changed = "", "", True
        self._bytes += len(tag.encode()) + len(end)
        if name not in VOID:
            self._open.append((len(self._kept), end))
        self._kept.append(tag)
        return True

    def _add_formula(self, html: str, source: str) -> bool:
        if self._bytes + len(html.encode()) > ROOM:
            self._is_changed = True
            return self._add_text(source)
        self._kept.append(html)
        self._bytes += len(html.encode())
        return True

    def _add_text(self, text: str) -> bool:
        whole = text
        if any(end == "</pre>" for _, end in self._open):
            lines = text.split("\n", MOST_LINES - self._lines)
            text = "\n".join(lines[: MOST_LINES - self._lines])
            self._lines += len(lines) - 1
        text = _cut_text(text, ROOM - self._bytes)
        if text != whole:
            text = text.rstrip()
            text += ELLIPSIS if text else ""
        self._kept.append(text)
        self._bytes += len(text.encode())
        return text == whole

    def _close(self) -> str:
        """Drop empty elements at the end, and close open ones."""
        while self._kept and not (text := self._kept[-1].strip()).startswith("</"):
            is_start = bool(self._open) and self._open[-1][0] == len(self._kept) - 1
            if text and not is_start:
                break
            self._kept.pop()
            if is_start:
                self._open.pop()
        ends = "".join(end for _, end in reversed(self._open))
        return "".join(self._kept) + ends


def _cut_text(text: str, room: int) -> str:
    """As many words as fit into `room` bytes, or part of a word that is longer."""
    if len(text) <= room and len(text.encode()) <= room:
        return text
    cut = text[:room].encode()[:room].decode(errors="ignore")
    if words := re.match(r"\s*\S.*(?=\s)", cut, re.DOTALL):
        return words[0]
    while cut and (_belongs_before(text[len(cut)]) or cut[-1] == JOINER):
        cut = cut[:-1]
    return ENTITY_WITHOUT_END.sub("", cut)


def _belongs_before(character: str) -> bool:
    return bool(unicodedata.combining(character)) or character in BELONGS_BEFORE
