"""Convert the HTML of other blogs to Markdown, with markdownify."""

import re
from typing import Any

from bs4 import BeautifulSoup, ParserRejectedMarkup, Tag
from bs4.element import Comment, Declaration, Doctype, ProcessingInstruction
from markdownify import ATX, BACKSLASH, MarkdownConverter

from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.text.code_blocks import change_outside_code
from blog.transfer.importing.images import SUFFIXES
from blog.transfer.importing.post import UnreadableError

# No editor produces more HTML than this for a text of 64 KiB.
LONGEST_HTML = 1024 * 1024
TOO_LONG = lazy_gettext("The text is longer than a post can be.")
TOO_DEEP = lazy_gettext("The HTML is nested too deeply.")
DAMAGED = lazy_gettext("The HTML is damaged and can't be read.")
# Elements without text, and elements that show content from another site.
_REMOVED = ["script", "style", "noscript", "template", "head", "form", "button", "svg", "canvas"]
_EMBEDDED = ["iframe", "embed", "video", "audio", "object"]
# Deeper than any text, and within the recursion limit of the converter.
_DEEPEST = 250
_INVISIBLE = (Comment, Declaration, Doctype, ProcessingInstruction)
_LANGUAGE = re.compile(r"(?:lang(?:uage)?-|brush:\s*)([\w+#-]+)")

_SPECIAL = re.compile(r"([\\`*\[\]<]|(?<![^\W_])_|_(?![^\W_])|~~|==|\$(?![0-9])|&(?=#?\w+;))")
# Characters that would start a heading, a quotation or a list.
_LINE_START = re.compile(r"^(\s*)([#>+-]|=+(?=\s*$)|-+(?=\s*$)|[0-9]{1,9}(?=[.)](\s|$)))", re.M)
_SPACES_AT_END = re.compile(r"[ \t]+$", re.M)
_HEADING = re.compile("^#{1,6} ")
_BLANK_LINES = re.compile(r"\n{3,}")
# The standard library's parser accepts no other sections of this kind.
_UNKNOWN_SECTION = re.compile(
    r"<!\[(?!(?:temp|cdata|ignore|include|rcdata|if|else|endif)\b)", re.IGNORECASE
)


class _Converter(MarkdownConverter):
    """Escapes only what it must, because the author will edit the result."""

    def escape(self, text: str, parent_tags: set[str]) -> str:
        text = _LINE_START.sub(_escape_match, _SPECIAL.sub(r"\\\1", text))
        return text.replace("|", r"\|") if parent_tags & {"td", "th"} else text

    def convert_a(self, tag: Tag, text: str, parent_tags: set[str]) -> str:
        """A link; Markdown has none around blocks."""
        if "\n\n" in text:
            text = _HEADING.sub("", " ".join(text.split()))
        return str(super().convert_a(tag, text, parent_tags))  # type: ignore[misc]

    def convert_b(self, tag: Tag, text: str, parent_tags: set[str]) -> str:
        """Bold text; several programs nest `<strong>` in `<b>`, and `<em>` in `<i>`."""
        return text if parent_tags & {"b", "strong"} else _enclose(text, "**", parent_tags)

    convert_strong = convert_b

    def convert_em(self, tag: Tag, text: str, parent_tags: set[str]) -> str:
        """Emphasis."""
        return text if parent_tags & {"i", "em"} else _enclose(text, "*", parent_tags)

    convert_i = convert_em

    def convert_mark(self, tag: Tag, text: str, parent_tags: set[str]) -> str:
        """Highlighted words."""
        return _enclose(text, "==", parent_tags)

    def convert_sup(self, tag: Tag, text: str, parent_tags: set[str]) -> str:
        """A reference to a footnote, if `data-note` has its number."""
        number = tag.get("data-note")
        return f"[^{number}]" if isinstance(number, str) and number.isdecimal() else text


def _enclose(text: str, sign: str, parent_tags: set[str]) -> str:
    words = text.strip()
    is_plain = not words or "_noformat" in parent_tags
    return text if is_plain else text.replace(words, f"{sign}{words}{sign}")


def _escape_match(found: re.Match[str]) -> str:
    space, sign = found[1], found[2]
    return f"{space}{sign}\\" if sign[0].isdigit() else f"{space}\\{sign}"


def html_to_markdown(html: str) -> tuple[str, list[str]]:
    """Convert HTML to Markdown.

    Returns:
        The Markdown, and remarks about what it cannot show.

    Raises:
        UnreadableError: the HTML is damaged, too long or nested too deeply.
    """
    if len(html) > LONGEST_HTML:
        raise UnreadableError(TOO_LONG)
    try:
        soup = BeautifulSoup(_make_parsable(html), "html.parser")
        _refuse_too_deep(soup)
        remarks = _simplify(soup)
        converter = _Converter(
            heading_style=ATX,
            bullets="-",
            newline_style=BACKSLASH,
            code_language_callback=_code_language,
            keep_inline_images_in=["td", "th", "h1", "h2", "h3", "h4", "h5", "h6"],
            table_infer_header=True,
        )
        text = converter.convert_soup(soup)
    except RecursionError:
        raise UnreadableError(TOO_DEEP) from None
    except ParserRejectedMarkup:
        raise UnreadableError(DAMAGED) from None
    return change_outside_code(text, _tidy).strip(), remarks


def text_of_html(html: str) -> str:
    """The text of HTML, as one line.

    Raises:
        UnreadableError: the HTML is damaged or too long.
    """
    if len(html) > LONGEST_HTML:
        raise UnreadableError(TOO_LONG)
    try:
        return " ".join(BeautifulSoup(_make_parsable(html), "html.parser").get_text().split())
    except ParserRejectedMarkup:
        raise UnreadableError(DAMAGED) from None


def _make_parsable(html: str) -> str:
    """Escape what the parser refuses or takes quadratic time for, such as tags that never end."""
    end = html.rfind(">") + 1
    html = html[:end] + html[end:].replace("<", "&lt;")
    return _UNKNOWN_SECTION.sub("&lt;![", html)


def _tidy(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", _SPACES_AT_END.sub("", text))


def _refuse_too_deep(soup: BeautifulSoup) -> None:
    """Raise `RecursionError` before anything takes time that grows with the depth."""
    depths = {id(soup): 0}
    for tag in soup.find_all(True):
        depths[id(tag)] = depth = depths[id(tag.parent)] + 1
        if depth > _DEEPEST:
            raise RecursionError


def _simplify(soup: BeautifulSoup) -> list[str]:
    """Remove or replace what Markdown can't express; return the remarks."""
    remarks = list[str]()
    for each in soup.find_all(string=lambda text: isinstance(text, _INVISIBLE)):
        each.extract()
    for tag in soup.find_all(_REMOVED):
        tag.decompose()
    for tag in soup.find_all(_EMBEDDED):
        _replace_embedded(soup, tag, remarks)
    for tag in soup.find_all(class_="kg-bookmark-container"):
        _convert_card(tag)
    for tag in soup.find_all("figure"):
        _move_caption(tag)
    for tag in soup.find_all("img"):
        _convert_image(tag, remarks)
    return list(dict.fromkeys(remarks))


def _replace_embedded(soup: BeautifulSoup, tag: Tag, remarks: list[str]) -> None:
    source = tag.get("src") or tag.get("data")
    if source is None and (inner := tag.find("source")):
        source = inner.get("src")
    if not isinstance(source, str) or not source.startswith(("http://", "https://", "//")):
        tag.decompose()
        remarks.append(_("Videos, audio and other files embedded in the text are skipped."))
        return
    if source.startswith("//"):
        source = f"https:{source}"
    link = soup.new_tag("a", href=source)
    link.string = source
    paragraph = soup.new_tag("p")
    paragraph.append(link)
    tag.replace_with(paragraph)
    remarks.append(_("Embedded content, such as videos, becomes a link."))


def _convert_card(link: Tag) -> None:
    """Turn Ghost's card about a page into a link with its title, followed by its description."""
    title = link.find(class_="kg-bookmark-title")
    if not isinstance(title, Tag):
        return
    description = link.find(class_="kg-bookmark-description")
    label, below = _line_of(title), description and _line_of(description)
    link.clear()
    link.string = label
    link.wrap(Tag(name="p"))
    if below and link.parent is not None:
        paragraph = Tag(name="p")
        paragraph.string = below
        link.parent.insert_after(paragraph)


def _line_of(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split())


def _move_caption(figure: Tag) -> None:
    """Make the caption of a single image its title."""
    caption, images = figure.find("figcaption"), figure.find_all("img")
    if caption is None or len(images) != 1:
        return
    images[0]["title"] = _line_of(caption)
    caption.decompose()


def _convert_image(tag: Tag, remarks: list[str]) -> None:
    source = tag.get("src")
    if not isinstance(source, str) or source.startswith("data:"):
        # Images that scripts load later have their URL in these attributes.
        source = tag.get("data-src") or tag.get("data-lazy-src")
    if not isinstance(source, str) or source.startswith("data:"):
        tag.decompose()
        remarks.append(_("An image embedded in the text is skipped."))
        return
    tag["src"] = source.strip().replace(" ", "%20")
    link = tag.parent
    # Unwrap a link to a larger copy of the image.
    if isinstance(link, Tag) and link.name == "a" and link.find(True) is tag:
        href = str(link.get("href", "")).lower().partition("?")[0]
        if href.endswith(SUFFIXES) and not link.get_text().strip():
            link.unwrap()


def _code_language(pre: Any) -> str:
    """The language of a code block."""
    for tag in (pre, pre.find("code")):
        classes = tag.get("class") if isinstance(tag, Tag) else None
        if classes and (found := _LANGUAGE.search(" ".join(classes))):
            return found[1]
    return ""
