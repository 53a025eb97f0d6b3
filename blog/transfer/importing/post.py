"""The content of a source: its posts, and in an export of this site also data of their author."""

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
    """An image of the source.

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

    @property
    def former_name(self) -> str:
        """The name that it has where it comes from, if that is such a site as this."""
        return self.address.removeprefix("/media/")


@dataclass(frozen=True, kw_only=True)
class ImportedText:
    """A text as Markdown, with what each revision has of its own. Nothing is validated yet, except
    that times are times.

    Attributes:
        images: those of the source that the text shows.
    """

    body: str
    title: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    excerpt: str | None = None
    images: tuple[ImportedImage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportedRevision(ImportedText):
    """A text that a post had before.

    Attributes:
        number: its place in the history, from 1.
        created_at: when readers first saw it.
        is_by_author: whether the author has written it, as far as is known.
    """

    number: int
    created_at: datetime | None = None
    is_by_author: bool = False
    hidden_at: datetime | None = None
    is_hidden_by_moderator: bool = False


@dataclass(frozen=True, kw_only=True)
class ImportedHistory:
    """What readers of a post have seen before.

    Attributes:
        revisions: the texts before the present one, the oldest first.
        number: how many texts were published; 0 if that is unknown.
        revised_at: when readers first saw the present text, if it is not the first one.
        is_revised_by_author: whether the author has written it, as far as is known.
    """

    revisions: tuple[ImportedRevision, ...] = ()
    number: int = 0
    revised_at: datetime | None = None
    is_revised_by_author: bool = False


NO_HISTORY = ImportedHistory()


@dataclass(frozen=True, kw_only=True)
class ImportedCopy:
    """Changes of a published post that are not published yet.

    Attributes:
        fields: as they were typed.
    """

    fields: dict[str, str]
    saved_at: datetime | None = None
    cover: ImportedImage | None = None
    images: tuple[ImportedImage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportedComment:
    """A comment of the post's own author, in inline Markdown.

    Attributes:
        number: identifies it among those of the source.
        reply_to: the number of the comment that it replies to, if that comes along.
        liked_at: when its author liked it, if they do.
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
    """A bookmark of one's own post.

    Attributes:
        folder: the name of its folder, if it is in one.
    """

    created_at: datetime | None = None
    folder: str | None = None


@dataclass(frozen=True, kw_only=True)
class ImportedPost(ImportedText):
    """A post.

    Attributes:
        key: identifies it among all posts that its author may import, whatever changes in it.
        status: a published post with a time in the future is scheduled.
        published_at: when it was or will be published.
        time_zone: of its schedule, if the source knows it.
        pinned_at: since when it is pinned, if that is known.
        cover: its cover, if the source has it.
        exported_from: its address, if it comes from an export of such a site as this.
        history, copy, comments: what only such an export has.
        liked_at, bookmark: what its author thinks of it, from such an export.
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
    exported_from: str | None = None
    history: ImportedHistory = NO_HISTORY
    copy: ImportedCopy | None = None
    comments: tuple[ImportedComment, ...] = ()
    liked_at: datetime | None = None
    bookmark: ImportedBookmark | None = None

    @property
    def covers(self) -> tuple[ImportedImage, ...]:
        """Its cover, and that of its working copy."""
        covers = (self.cover, self.copy.cover if self.copy else None)
        return tuple(cover for cover in covers if cover)

    @property
    def all_images(self) -> tuple[ImportedImage, ...]:
        """The images of all its texts, and the covers."""
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
    """What somebody says about themselves.

    Attributes:
        fields: the texts of the profile, by the names of its form.
        avatar: their own picture, if the source has it.
    """

    fields: dict[str, str]
    avatar: ImportedImage | None = None


@dataclass(frozen=True, kw_only=True)
class ImportedChoices:
    """Whom and what somebody wants to see, and how. People are named by their usernames.

    Attributes:
        follows: people whom they follow.
        alerts: those of them whose new posts they are notified of.
        tags: the names of tags that they follow.
        muted, blocked: people.
        hidden: words and phrases; a tag begins with "#".
        folders: the names of the folders of their bookmarks.
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
        name: what its owner knows it by, such as the name of the file.
        post, image, profile, choices: what it is; nothing if it cannot be imported.
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
        """Whether nothing of it can be imported."""
        return not (self.post or self.image or self.profile or self.choices)


def as_json(value: Any) -> Any:
    """A dataclass of this module as JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [as_json(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: as_json(getattr(value, name)) for name in value.__dataclass_fields__}
    return value
