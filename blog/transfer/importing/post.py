"""The content of a source: posts, and in an export of this site also data about their author."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Status = Literal["draft", "scheduled", "published"]
# The length of an alternative text or a caption, in characters.
LONGEST_IMAGE_TEXT = 1000


class SourceError(Exception):
    """Nothing in the file can be imported; the message is for its owner."""


class UnreadableError(Exception):
    """A file or an item cannot be read; the message is for its owner."""


@dataclass(frozen=True)
class ImportedImage:
    """An image of the source.

    Attributes:
        file: its name in the source.
        name: its new name; texts refer to it as `/media/NAME`.
        address: how the source's texts refer to it.
        alt, caption: its texts, if the source lists its images.
    """

    file: str
    name: str
    address: str
    alt: str = ""
    caption: str = ""

    @property
    def former_name(self) -> str:
        """The name it had in an export of this software."""
        return self.address.removeprefix("/media/")


@dataclass(frozen=True, kw_only=True)
class ImportedText:
    """A Markdown text with the fields that each revision has. Only its times are validated yet.

    Attributes:
        images: the images of the source that the text shows.
    """

    body: str
    title: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    excerpt: str | None = None
    images: tuple[ImportedImage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportedRevision(ImportedText):
    """An earlier text of a post.

    Attributes:
        number: its position in the history, starting at 1.
        created_at: when readers first saw it.
        is_by_author: whether the author wrote it, as far as is known.
    """

    number: int
    created_at: datetime | None = None
    is_by_author: bool = False
    hidden_at: datetime | None = None
    is_hidden_by_moderator: bool = False


@dataclass(frozen=True, kw_only=True)
class ImportedHistory:
    """The published texts of a post.

    Attributes:
        revisions: the texts before the current one, oldest first.
        number: the number of published texts; 0 if unknown.
        revised_at: when readers first saw the current text, if it is not the first one.
        is_revised_by_author: whether the author wrote it, as far as is known.
    """

    revisions: tuple[ImportedRevision, ...] = ()
    number: int = 0
    revised_at: datetime | None = None
    is_revised_by_author: bool = False


NO_HISTORY = ImportedHistory()


@dataclass(frozen=True, kw_only=True)
class ImportedCopy:
    """Unpublished changes to a published post.

    Attributes:
        fields: the fields of the editor's form, as typed.
    """

    fields: dict[str, str]
    saved_at: datetime | None = None
    cover: ImportedImage | None = None
    images: tuple[ImportedImage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportedComment:
    """A comment by the post's author, in inline Markdown.

    Attributes:
        number: identifies it within the source.
        reply_to: the number of its parent comment, if that is imported too.
        liked_at: when its author liked it, if they did.
    """

    body: str
    number: str = ""
    reply_to: str | None = None
    liked_at: datetime | None = None
    created_at: datetime | None = None
    edited_at: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class ImportedBookmark:
    """An author's bookmark of their own post.

    Attributes:
        folder: the name of its folder, if it is in one.
    """

    created_at: datetime | None = None
    folder: str | None = None


@dataclass(frozen=True, kw_only=True)
class ImportedPost(ImportedText):
    """A post.

    Attributes:
        key: identifies it among all posts its author may import, whatever changes in it.
        status: a published post with a time in the future is scheduled.
        published_at: when it was or will be published.
        time_zone: the time zone of its schedule, if known.
        pinned_at: when it was pinned, if known.
        cover: its cover, if the source contains it.
        cover_alt: the cover's alternative text, if this post has one of its own.
        exported_from: its URL, if it comes from an export of this software.
        history, copy, comments: found only in such an export.
        liked_at, bookmark: its author's like and bookmark, from such an export.
    """

    key: str
    slug: str | None = None
    status: Status = "published"
    published_at: datetime | None = None
    time_zone: str | None = None
    created_at: datetime | None = None
    edited_at: datetime | None = None
    canonical_url: str | None = None
    comments_open: bool = True
    comments_limited: bool = False
    pinned: bool = False
    pinned_at: datetime | None = None
    cover: ImportedImage | None = None
    cover_alt: str | None = None
    exported_from: str | None = None
    history: ImportedHistory = NO_HISTORY
    copy: ImportedCopy | None = None
    comments: tuple[ImportedComment, ...] = ()
    liked_at: datetime | None = None
    bookmark: ImportedBookmark | None = None

    @property
    def covers(self) -> tuple[ImportedImage, ...]:
        """The cover of the post and the cover of its working copy."""
        covers = (self.cover, self.copy.cover if self.copy else None)
        return tuple(cover for cover in covers if cover)

    @property
    def all_images(self) -> tuple[ImportedImage, ...]:
        """The images in all its texts, and the covers."""
        texts = (self, *self.history.revisions, *((self.copy,) if self.copy else ()))
        found = [image for text in texts for image in text.images]
        return tuple(dict.fromkeys([*found, *self.covers]))

    @property
    def length(self) -> int:
        """How many characters its texts have."""
        texts = [self.body, *(revision.body for revision in self.history.revisions)]
        return sum(map(len, [*texts, *(comment.body for comment in self.comments)]))


@dataclass(frozen=True, kw_only=True)
class ImportedProfile:
    """A person's profile.

    Attributes:
        fields: the texts of the profile, by the names of its form fields.
        avatar: their own picture, if the source contains it.
    """

    fields: dict[str, str]
    avatar: ImportedImage | None = None


@dataclass(frozen=True, kw_only=True)
class ImportedChoices:
    """What the owner has chosen to see, and how. People are identified by username.

    Attributes:
        follows: people they follow.
        alerts: the people among `follows` whose new posts they are notified of.
        tags: the names of tags they follow.
        muted, blocked: people.
        hidden: words and phrases; a tag starts with "#".
        folders: the names of their bookmark folders.
        mail: the columns of their `MailPreference`.
    """

    follows: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    mail: dict[str, Any] | None = None


@dataclass(frozen=True)
class Entry:
    """An item of a source.

    Attributes:
        name: a name its owner recognises, such as the file name.
        post, image, profile, choices: its content; all are `None` if it cannot be imported.
        remarks: what is left out, and why.
    """

    name: str
    post: ImportedPost | None = None
    remarks: tuple[str, ...] = ()
    image: ImportedImage | None = None
    profile: ImportedProfile | None = None
    choices: ImportedChoices | None = None

    @property
    def is_left_out(self) -> bool:
        """Whether nothing in it can be imported."""
        return not (self.post or self.image or self.profile or self.choices)


def as_json(value: Any) -> Any:
    """Convert a dataclass of this module to JSON values."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [as_json(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: as_json(getattr(value, name)) for name in value.__dataclass_fields__}
    return value
