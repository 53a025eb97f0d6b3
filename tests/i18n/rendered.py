"""The texts of a page as readers get it: which of them come from a catalog, and which keep their
direction to themselves."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple

# Around each text of the catalog for tests (`pseudo`), which may have elements within.
OPENING, CLOSING = "⟦", "⟧"
WITHOUT_END = {"br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
# Not shown in the page.
SILENT = {"script", "style", "template", "title"}
# The same in each language; of times, another test has the formats.
AS_IT_IS = {"code", "kbd", "math", "pre", "samp", "svg", "textarea", "time"}
READ_ALOUD = {"alt", "aria-label", "placeholder", "title"}


class Shown(NamedTuple):
    """What a reader sees or hears of a page, without an element within.

    Attributes:
        text: the text.
        is_isolated: whether it stands in an element with a direction of its own, such as `<bdi>`.
        is_translated: whether it is part of a text of the catalog, or the same in all languages.
        is_hidden: whether it is only read out, and has no place on the screen.
    """

    text: str
    is_isolated: bool
    is_translated: bool
    is_hidden: bool


class Form:
    """A form: its address, its hidden fields, and whether it has others."""

    def __init__(self, action: str) -> None:
        self.action = action
        self.hidden: dict[str, str] = {}
        self.has_fields = False

    def add(self, attributes: dict[str, str]) -> None:
        """Add a field."""
        if attributes.get("type") == "hidden":
            self.hidden[attributes["name"]] = attributes.get("value", "")
        else:
            self.has_fields = True


class Page(HTMLParser):
    """A parsed page.

    Attributes:
        texts: what it says.
        forms: its forms that send something.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[Shown] = []
        self.forms: list[Form] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self._depth = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag not in WITHOUT_END:
            self._open.append((tag, attributes))
        for name in READ_ALOUD & attributes.keys() if self._is_in({"body"}) else ():
            is_own = attributes[name].startswith(OPENING) or tag == "img"
            self.texts.append(Shown(attributes[name], self._is_isolated, is_own, is_hidden=True))
        if tag == "form" and attributes.get("method") == "post" and self._is_in({"main"}):
            self.forms.append(Form(attributes.get("action", "")))
        elif tag in {"input", "textarea"} and self._is_in({"form"}) and self.forms:
            self.forms[-1].add(attributes)

    def handle_endtag(self, tag: str) -> None:
        if any(tag == each for each, _ in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._is_in(SILENT):
            return
        is_hidden = any("visually-hidden" in each.get("class", "") for _, each in self._open)
        is_the_same = self._is_in(AS_IT_IS) or any(
            each.get("translate") == "no" for _, each in self._open
        )
        for text, is_translated in self._pieces(data):
            self.texts.append(
                Shown(text.strip(), self._is_isolated, is_translated or is_the_same, is_hidden)
            )

    def _pieces(self, data: str) -> Iterator[tuple[str, bool]]:
        """A text, cut where one of the catalog begins or ends."""
        piece = ""
        for character in data:
            if character in OPENING + CLOSING:
                yield piece, self._depth > 0
                piece, self._depth = "", self._depth + (1 if character == OPENING else -1)
            else:
                piece += character
        yield piece, self._depth > 0

    def _is_in(self, tags: set[str]) -> bool:
        return any(tag in tags for tag, _ in self._open)

    @property
    def _is_isolated(self) -> bool:
        return any(tag == "bdi" or ("dir" in each and tag != "html") for tag, each in self._open)
