"""What a source has of a post."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Status = Literal["draft", "scheduled", "published"]


class SourceError(Exception):
    """Nothing of the file can be imported; the message is for its owner."""


class UnreadableError(Exception):
    """One file or one item cannot be read; the message is for the owner."""


@dataclass(frozen=True)
class ImportedImage:
    """An image of the source that a post shows.

    Attributes:
        file: its name in the source.
        name: the name that it gets here; the text shows `/media/NAME`.
        address: how the source's own text refers to it.
        alt, caption: its texts, if the source lists its images.
    """

    file: str
    name: str
    address: str
    alt: str = ""
    caption: str = ""


@dataclass(frozen=True)
class ImportedPost:
    """A post, with its text as Markdown. Nothing is validated yet, except that times are times.

    Attributes:
        key: identifies it among all posts that its author may import, whatever changes in it.
        status: a published post with a time in the future is scheduled.
        published_at: when it was or will be published.
        time_zone: of its schedule, if the source knows it.
        cover: its cover, if the source has it.
        images: those of the source that the text shows.
        exported_from: its address, if it comes from an export of such a site as this.
    """

    key: str
    body: str
    title: str | None = None
    slug: str | None = None
    tags: tuple[str, ...] = ()
    status: Status = "published"
    published_at: datetime | None = None
    time_zone: str | None = None
    created_at: datetime | None = None
    edited_at: datetime | None = None
    language: str | None = None
    excerpt: str | None = None
    canonical_url: str | None = None
    comments_open: bool = True
    pinned: bool = False
    cover: ImportedImage | None = None
    images: tuple[ImportedImage, ...] = ()
    exported_from: str | None = None

    @property
    def all_images(self) -> tuple[ImportedImage, ...]:
        """The images that the text shows, and the cover."""
        return (*self.images, self.cover) if self.cover else self.images


@dataclass(frozen=True)
class Entry:
    """An item of a source.

    Attributes:
        name: what its owner knows it by, such as the name of the file.
        post: `None` if it cannot be imported.
        remarks: what is left out, and why.
    """

    name: str
    post: ImportedPost | None = None
    remarks: tuple[str, ...] = ()


def as_json(value: Any) -> Any:
    """A dataclass of this module as JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [as_json(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: as_json(getattr(value, name)) for name in value.__dataclass_fields__}
    return value
