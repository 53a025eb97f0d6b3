"""The interface of sources, and functions they share."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from blog.core.i18n import LazyText, lazy_gettext, ngettext
from blog.core.i18n import gettext as _
from blog.core.text.code_blocks import split_code_blocks
from blog.transfer.importing.archive import Archive
from blog.transfer.importing.dates import parse_date
from blog.transfer.importing.images import Images
from blog.transfer.importing.post import Entry, ImportedImage

# Addresses and names in one remark.
MOST_NAMED = 3
LOST_LINKS = lazy_gettext("Its links to other pages of the former site lead nowhere here: %(urls)s")
# A link of Markdown, with its address.
_LINK = re.compile(r"(?<!!)\[(?:[^\[\]\\]|\\.)*\]\(<?([^\s()<>]+)")
_ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|#|/media/")


class Source(Protocol):
    """A file with posts, of one kind.

    Attributes:
        kind: the name of its kind, such as "WordPress".
        archive: its files.
    """

    kind: str
    archive: Archive

    def records(self) -> Iterator[Any]:
        """Yield the items as found, always in the same order.

        Finding items must be quick, because those already read are skipped this way.

        Raises:
            SourceError: nothing in the source can be read.
        """

    def entry(self, record: Any) -> Entry:
        """Read an item.

        Raises:
            UnreadableError: the item cannot be read.
        """

    def name(self, record: Any) -> str:
        """The name by which the owner recognises an item."""


class Remarks(list[str]):
    """Collects the remarks about an item, each once."""

    def add(self, remark: str | LazyText) -> None:
        if (text := str(remark)) not in self:
            self.append(text)

    def date(self, problem: LazyText, value: Any) -> Any:
        """Parse a date, or add a remark that it isn't valid.

        Args:
            problem: the remark (`blog.transfer.importing.dates`).
        """
        try:
            return parse_date(value)
        except ValueError as error:
            self.add(problem.with_values(value=error))
            return None

    def date_or_now(self, problem: LazyText, value: Any) -> Any:
        """Parse the time at which something was hidden, or use now if it isn't valid."""
        return self.date(problem, value) or (datetime.now(UTC) if value else None)


def replace_images(
    images: Images, text: str, folder: str, remarks: Remarks
) -> tuple[str, tuple[ImportedImage, ...]]:
    """Replace the addresses of images in a Markdown text, and remark on images that are missing."""
    found = images.replace_addresses(text, folder)
    elsewhere = [each for each in found.missing if "://" in each or each.startswith("//")]
    absent = [each for each in found.missing if each not in elsewhere]
    if elsewhere:
        remarks.add(
            ngettext(
                "%(num)s image is on another site, and not copied from there: %(urls)s",
                "%(num)s images are on another site, and not copied from there: %(urls)s",
                len(elsewhere),
                urls=format_some(elsewhere),
            )
        )
    if absent:
        remarks.add(
            ngettext(
                "%(num)s image is not in the file: %(names)s",
                "%(num)s images are not in the file: %(names)s",
                len(absent),
                names=format_some(absent),
            )
        )
    _remark_on_links(found.text, remarks)
    return found.text, tuple(dict.fromkeys(found.images))


def _remark_on_links(text: str, remarks: Remarks) -> None:
    """Add a remark about links to other pages of the former site."""
    parts = ("" if is_code else part for is_code, part in split_code_blocks(text))
    links = [found[1] for part in parts for found in _LINK.finditer(part)]
    if lost := [link for link in dict.fromkeys(links) if not _ELSEWHERE.match(link)]:
        remarks.add(LOST_LINKS.with_values(urls=format_some(lost)))


def find_cover(
    images: Images,
    address: str | None,
    folder: str,
    remarks: Remarks,
    *,
    alt: str | None = None,
    caption: str | None = None,
) -> ImportedImage | None:
    """Find a cover by its address, and give it its texts, or add a remark that it is missing."""
    if address is None:
        return None
    if (cover := images.find(address, folder)) is None:
        remarks.add(_("Its cover image isn't in the file: %(name)s", name=format_some([address])))
        return None
    return replace(cover, alt=alt or "", caption=caption or "")


def text_list(value: Any, *, by_spaces: bool = False) -> list[str]:
    """Split a list, or a string with commas, into strings.

    Args:
        by_spaces: whether a string without commas is split into words.
    """
    if isinstance(value, str):
        parts = value.split(",") if "," in value or not by_spaces else value.split()
    elif isinstance(value, list):
        parts = [str(each) for each in value if isinstance(each, str | int | float)]
    else:
        parts = []
    return [part.strip() for part in parts if part.strip()]


def text_or_none(value: Any) -> str | None:
    """A string or number as a string; `None` if it is empty or of another type."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def format_some(items: list[str]) -> str:
    """Format the first few addresses or names, for a remark."""
    shown = ", ".join(each if len(each) <= 150 else f"{each[:149]}…" for each in items[:MOST_NAMED])
    return shown + (", …" if len(items) > MOST_NAMED else ".")
