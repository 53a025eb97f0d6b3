"""What all sources have in common."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

from blog.core.i18n import LazyText, ngettext
from blog.core.i18n import gettext as _
from blog.transfer.importing.archive import Archive
from blog.transfer.importing.dates import date_of
from blog.transfer.importing.images import Images
from blog.transfer.importing.post import Entry, ImportedImage

# Of addresses and names in one remark.
MOST_NAMED = 3


class Source(Protocol):
    """A file with posts, of one kind.

    Attributes:
        kind: what it is, such as "WordPress".
        archive: the files that it consists of.
    """

    kind: str
    archive: Archive

    def records(self) -> Iterator[Any]:
        """The items as they are found, in an order that is the same each time.

        To find them is quick, so that those that have been read already can be passed over.

        Raises:
            SourceError: nothing of the source can be read.
        """

    def entry(self, record: Any) -> Entry:
        """What an item turns out to be.

        Raises:
            UnreadableError: it cannot be read.
        """

    def name(self, record: Any) -> str:
        """What its owner knows an item by."""


class Remarks(list[str]):
    """Collects what is said of an item, each once."""

    def add(self, remark: str | LazyText) -> None:
        if (text := str(remark)) not in self:
            self.append(text)

    def date(self, problem: LazyText, value: Any) -> Any:
        """A date; if it is none, that is remarked.

        Args:
            problem: what is said then (`blog.transfer.importing.dates`).
        """
        try:
            return date_of(value)
        except ValueError as error:
            self.add(problem.with_values(value=error))
            return None

    def since(self, problem: LazyText, value: Any) -> Any:
        """The date since when something is hidden: now, if it is not valid."""
        return self.date(problem, value) or (datetime.now(UTC) if value else None)


def placed(
    images: Images, text: str, folder: str, remarks: Remarks
) -> tuple[str, tuple[ImportedImage, ...]]:
    """A Markdown text with its images, and remarks about those that are not there."""
    found = images.place(text, folder)
    elsewhere = [each for each in found.missing if "://" in each or each.startswith("//")]
    absent = [each for each in found.missing if each not in elsewhere]
    if elsewhere:
        remarks.add(
            ngettext(
                "%(num)s image is on another site, and not copied from there: %(urls)s",
                "%(num)s images are on another site, and not copied from there: %(urls)s",
                len(elsewhere),
                urls=some_of(elsewhere),
            )
        )
    if absent:
        remarks.add(
            ngettext(
                "%(num)s image is not in the file: %(names)s",
                "%(num)s images are not in the file: %(names)s",
                len(absent),
                names=some_of(absent),
            )
        )
    return found.text, tuple(dict.fromkeys(found.images))


def cover_of(
    images: Images, address: str | None, folder: str, remarks: Remarks
) -> ImportedImage | None:
    """A cover by its address, and a remark if it is not there."""
    if address is None:
        return None
    if (cover := images.find(address, folder)) is None:
        remarks.add(_("Its cover image isn't in the file: %(name)s", name=some_of([address])))
    return cover


def listed(value: Any, *, by_spaces: bool = False) -> list[str]:
    """Texts of a list, or of one text with commas.

    Args:
        by_spaces: whether a text without commas has one item a word.
    """
    if isinstance(value, str):
        parts = value.split(",") if "," in value or not by_spaces else value.split()
    elif isinstance(value, list):
        parts = [str(each) for each in value if isinstance(each, str | int | float)]
    else:
        parts = []
    return [part.strip() for part in parts if part.strip()]


def text_or_none(value: Any) -> str | None:
    """A text that says something; numbers count."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def some_of(items: list[str]) -> str:
    """The first of some addresses or names, for a remark."""
    shown = ", ".join(each if len(each) <= 150 else f"{each[:149]}…" for each in items[:MOST_NAMED])
    return shown + (", …" if len(items) > MOST_NAMED else ".")
